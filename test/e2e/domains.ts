/** Numbers of the tenants that every devnet starts with. */
export const dataDomain = 1;
export const svmDomain = 501;
export const cairoDomain = 9004;
export const fuelDomain = 9889;
export const evmDomain = 31337;

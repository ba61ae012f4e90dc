/** The gas table as types of the schema: fuel-core's names, a few of which differ from those of the instructions. */

/** Instructions with a fixed cost. */
export const fixedCosts = [
  ..."add addi aloc and andi bal bhei bhsh burn cb cfsi div divi ecr1 eck1 ed19 eq exp expi flag gm gt gtf".split(" "),
  ..."ji jmp jne jnei jnzi jmpf jmpb jnzf jnzb jnef jneb lb log lt lw mint mlog modOp modi moveOp movi mroo".split(" "),
  ..."mul muli mldv noop not or ori poph popl pshh pshl ret rvrt sb sll slli srl srli sub subi sw".split(" "),
  ..."time tr tro wdcm wqcm wdop wqop wdml wqml wddv wqdv wdmd wqmd wdam wqam wdmm wqmm xor xori ecop".split(" "),
  "newStoragePerByte",
];

/** Instructions and other work whose cost depends on how much there is of it. */
export const dependentCosts = [
  ..."alocDependentCost bldd bsiz cfe cfeiDependentCost call ccp croo csiz ed19DependentCost k256 ldc logd".split(" "),
  ..."mcl mcli mcp mcpi meq retd s256 smo epar contractRoot stateRoot vmInitialization".split(" "),
];

/** Instructions and other work that not every version of the table has: null where it lacks them. */
export const optionalFixedCosts = ["srw", "sww"];
export const optionalDependentCosts = "scwq srwq swwq storageReadCold storageReadHot storageWrite storageClear".split(
  " ",
);

export const gasCostsType = `type GasCosts {
${[
  ...fixedCosts.map((name) => `  ${name}: U64!`),
  ...dependentCosts.map((name) => `  ${name}: DependentCost!`),
  ...optionalFixedCosts.map((name) => `  ${name}: U64`),
  ...optionalDependentCosts.map((name) => `  ${name}: DependentCost`),
].join("\n")}
}
`;

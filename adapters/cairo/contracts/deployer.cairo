/// A universal deployer, called and heard as OpenZeppelin's `UniversalDeployer`, in both spellings.
use starknet::{ClassHash, ContractAddress};

#[starknet::interface]
trait IUniversalDeployer<T> {
    fn deploy_contract(
        ref self: T, class_hash: ClassHash, salt: felt252, not_from_zero: bool, calldata: Span<felt252>
    ) -> ContractAddress;
    fn deployContract(
        ref self: T, classHash: ClassHash, salt: felt252, notFromZero: bool, calldata: Span<felt252>
    ) -> ContractAddress;
}

#[starknet::contract]
mod deployer {
    use core::pedersen::pedersen;
    use starknet::syscalls::deploy_syscall;
    use starknet::{get_caller_address, ClassHash, ContractAddress, SyscallResultTrait};

    #[storage]
    struct Storage {}

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        ContractDeployed: ContractDeployed,
    }

    #[derive(Drop, starknet::Event)]
    struct ContractDeployed {
        address: ContractAddress,
        deployer: ContractAddress,
        not_from_zero: bool,
        class_hash: ClassHash,
        calldata: Span<felt252>,
        salt: felt252,
    }

    #[abi(embed_v0)]
    impl UniversalDeployer of super::IUniversalDeployer<ContractState> {
        /// `not_from_zero`: the address depends on the caller, so that nobody else can take it.
        fn deploy_contract(
            ref self: ContractState, class_hash: ClassHash, salt: felt252, not_from_zero: bool, calldata: Span<felt252>
        ) -> ContractAddress {
            let deployer = get_caller_address();
            let own_salt = if not_from_zero {
                pedersen(deployer.into(), salt)
            } else {
                salt
            };
            let (address, _) = deploy_syscall(class_hash, own_salt, calldata, !not_from_zero).unwrap_syscall();
            self.emit(ContractDeployed { address, deployer, not_from_zero, class_hash, calldata, salt });
            address
        }

        fn deployContract(
            ref self: ContractState, classHash: ClassHash, salt: felt252, notFromZero: bool, calldata: Span<felt252>
        ) -> ContractAddress {
            UniversalDeployer::deploy_contract(ref self, classHash, salt, notFromZero, calldata)
        }
    }
}

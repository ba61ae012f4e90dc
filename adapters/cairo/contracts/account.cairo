/// An account with one Stark key: SNIP-6, and SRC-5 to say so.
#[starknet::interface]
trait IAccount<T> {
    fn is_valid_signature(self: @T, hash: felt252, signature: Array<felt252>) -> felt252;
    fn isValidSignature(self: @T, hash: felt252, signature: Array<felt252>) -> felt252;
    fn supports_interface(self: @T, interface_id: felt252) -> bool;
    fn supportsInterface(self: @T, interfaceId: felt252) -> bool;
    fn get_public_key(self: @T) -> felt252;
    fn getPublicKey(self: @T) -> felt252;
}

#[starknet::contract(account)]
mod account {
    use ecdsa::check_ecdsa_signature;
    use starknet::account::Call;
    use starknet::storage::{StoragePointerReadAccess, StoragePointerWriteAccess};
    use starknet::syscalls::call_contract_syscall;
    use starknet::{get_caller_address, get_tx_info, SyscallResultTrait};

    const SRC5: felt252 = 0x3f918d17e5ee77373b56385708f855659a07f75997f365cf87748628532a055;
    const SNIP6: felt252 = 0x2ceccef7f994940b3962a6c67e0ba4fcd37df7d131417c604f91e03caecc1cd;
    const VERSION: felt252 = 3;
    const QUERY_VERSION: felt252 = 0x100000000000000000000000000000003;

    #[storage]
    struct Storage {
        Account_public_key: felt252,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        OwnerAdded: OwnerAdded,
    }

    #[derive(Drop, starknet::Event)]
    struct OwnerAdded {
        #[key]
        new_owner_guid: felt252,
    }

    #[constructor]
    fn constructor(ref self: ContractState, public_key: felt252) {
        self.Account_public_key.write(public_key);
        self.emit(OwnerAdded { new_owner_guid: public_key });
    }

    fn is_signed(self: @ContractState, hash: felt252, signature: Span<felt252>) -> bool {
        signature.len() == 2
            && check_ecdsa_signature(hash, self.Account_public_key.read(), *signature.at(0), *signature.at(1))
    }

    fn validate(self: @ContractState) -> felt252 {
        let info = get_tx_info().unbox();
        assert(is_signed(self, info.transaction_hash, info.signature), 'Account: invalid signature');
        starknet::VALIDATED
    }

    #[external(v0)]
    fn __validate__(self: @ContractState, calls: Array<Call>) -> felt252 {
        validate(self)
    }

    #[external(v0)]
    fn __validate_declare__(self: @ContractState, class_hash: felt252) -> felt252 {
        validate(self)
    }

    #[external(v0)]
    fn __validate_deploy__(
        self: @ContractState, class_hash: felt252, contract_address_salt: felt252, public_key: felt252
    ) -> felt252 {
        validate(self)
    }

    /// Only the protocol calls it, and only in a transaction that was validated.
    #[external(v0)]
    fn __execute__(ref self: ContractState, mut calls: Array<Call>) -> Array<Span<felt252>> {
        let caller: felt252 = get_caller_address().into();
        assert(caller == 0, 'Account: invalid caller');
        let version = get_tx_info().unbox().version;
        assert(version == VERSION || version == QUERY_VERSION, 'Account: invalid tx version');
        let mut results = ArrayTrait::new();
        loop {
            match calls.pop_front() {
                Option::Some(call) => {
                    results.append(call_contract_syscall(call.to, call.selector, call.calldata).unwrap_syscall());
                },
                Option::None => { break; },
            };
        };
        results
    }

    #[abi(embed_v0)]
    impl Account of super::IAccount<ContractState> {
        fn is_valid_signature(self: @ContractState, hash: felt252, signature: Array<felt252>) -> felt252 {
            if is_signed(self, hash, signature.span()) {
                starknet::VALIDATED
            } else {
                0
            }
        }

        fn isValidSignature(self: @ContractState, hash: felt252, signature: Array<felt252>) -> felt252 {
            Account::is_valid_signature(self, hash, signature)
        }

        fn supports_interface(self: @ContractState, interface_id: felt252) -> bool {
            interface_id == SRC5 || interface_id == SNIP6
        }

        fn supportsInterface(self: @ContractState, interfaceId: felt252) -> bool {
            Account::supports_interface(self, interfaceId)
        }

        fn get_public_key(self: @ContractState) -> felt252 {
            self.Account_public_key.read()
        }

        fn getPublicKey(self: @ContractState) -> felt252 {
            Account::get_public_key(self)
        }
    }
}

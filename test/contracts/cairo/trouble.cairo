// What a contract can do to its executor: count, fail, never end, call itself over and over, take protocol writes.
use starknet::ContractAddress;

#[starknet::interface]
trait ITrouble<T> {
    fn count(ref self: T);
    fn counted(self: @T) -> felt252;
    fn noted(self: @T) -> felt252;
    fn fail(ref self: T);
    fn spin(ref self: T);
    fn dig(ref self: T, target: ContractAddress, depth: felt252);
}

#[starknet::contract]
mod trouble {
    use starknet::storage::{StoragePointerReadAccess, StoragePointerWriteAccess};
    use starknet::syscalls::call_contract_syscall;
    use starknet::{ContractAddress, SyscallResultTrait};

    #[storage]
    struct Storage {
        counter: felt252,
        note: felt252,
    }

    // The reserved address of protocol writes, 'LOCKSTEP_PROTOCOL_WRITE'.
    #[l1_handler]
    fn take_note(ref self: ContractState, from_address: felt252, value: felt252) {
        assert(from_address == 'LOCKSTEP_PROTOCOL_WRITE', 'not the protocol');
        assert(value != 0, 'nothing to note');
        self.note.write(value);
    }

    #[abi(embed_v0)]
    impl Trouble of super::ITrouble<ContractState> {
        fn count(ref self: ContractState) {
            self.counter.write(self.counter.read() + 1);
        }

        fn counted(self: @ContractState) -> felt252 {
            self.counter.read()
        }

        fn noted(self: @ContractState) -> felt252 {
            self.note.read()
        }

        fn fail(ref self: ContractState) {
            self.counter.write(1000);
            assert(self.counter.read() == 0, 'as asked');
        }

        fn spin(ref self: ContractState) {
            let mut turns: felt252 = 0;
            loop {
                turns += 1;
                if turns == 0 {
                    break;
                }
            };
            self.counter.write(turns);
        }

        fn dig(ref self: ContractState, target: ContractAddress, depth: felt252) {
            self.counter.write(depth);
            let mut calldata: Array<felt252> = ArrayTrait::new();
            calldata.append(target.into());
            calldata.append(depth + 1);
            call_contract_syscall(target, selector!("dig"), calldata.span()).unwrap_syscall();
        }
    }
}

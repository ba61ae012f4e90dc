/// What tests ask of a contract: storage, events, messages, failures, endless work, calls into others.
use starknet::ContractAddress;

#[starknet::interface]
trait ICounter<T> {
    fn get(self: @T) -> u128;
    fn entry(self: @T, key: felt252) -> felt252;
    fn block(self: @T) -> (u64, u64, ContractAddress);
    fn increase(ref self: T, by: u128);
    fn set_entry(ref self: T, key: felt252, value: felt252);
    fn emit_many(ref self: T, topic: felt252, count: u32);
    fn fail(ref self: T, reason: felt252);
    fn increase_and_fail(ref self: T, reason: felt252);
    fn loop_forever(ref self: T);
    fn recurse(ref self: T, depth: u64) -> u64;
    fn forward(ref self: T, to: ContractAddress, selector: felt252, calldata: Array<felt252>) -> Span<felt252>;
    fn survive(ref self: T, to: ContractAddress, selector: felt252, calldata: Array<felt252>) -> bool;
    fn send_home(ref self: T, to: felt252, payload: Array<felt252>);
    fn replace(ref self: T, class_hash: starknet::ClassHash);
}

#[starknet::contract]
mod counter {
    use starknet::storage::{
        Map, StorageMapReadAccess, StorageMapWriteAccess, StoragePointerReadAccess, StoragePointerWriteAccess
    };
    use starknet::syscalls::{call_contract_syscall, replace_class_syscall, send_message_to_l1_syscall};
    use starknet::{
        get_block_number, get_block_timestamp, get_caller_address, get_contract_address, get_execution_info, ClassHash,
        ContractAddress, SyscallResultTrait
    };

    #[storage]
    struct Storage {
        value: u128,
        entries: Map<felt252, felt252>,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        Increased: Increased,
        Noted: Noted,
    }

    #[derive(Drop, starknet::Event)]
    struct Increased {
        #[key]
        caller: ContractAddress,
        by: u128,
        value: u128,
    }

    #[derive(Drop, starknet::Event)]
    struct Noted {
        #[key]
        topic: felt252,
        index: u32,
    }

    #[constructor]
    fn constructor(ref self: ContractState, value: u128) {
        self.value.write(value);
    }

    #[abi(embed_v0)]
    impl Counter of super::ICounter<ContractState> {
        fn get(self: @ContractState) -> u128 {
            self.value.read()
        }

        fn entry(self: @ContractState, key: felt252) -> felt252 {
            self.entries.read(key)
        }

        fn block(self: @ContractState) -> (u64, u64, ContractAddress) {
            let sequencer = get_execution_info().unbox().block_info.unbox().sequencer_address;
            (get_block_number(), get_block_timestamp(), sequencer)
        }

        fn increase(ref self: ContractState, by: u128) {
            let value = self.value.read() + by;
            self.value.write(value);
            self.emit(Increased { caller: get_caller_address(), by, value });
        }

        fn set_entry(ref self: ContractState, key: felt252, value: felt252) {
            self.entries.write(key, value);
        }

        fn emit_many(ref self: ContractState, topic: felt252, count: u32) {
            let mut index = 0_u32;
            loop {
                if index == count {
                    break;
                }
                self.emit(Noted { topic, index });
                index += 1;
            };
        }

        fn fail(ref self: ContractState, reason: felt252) {
            let mut data = ArrayTrait::new();
            data.append(reason);
            panic(data);
        }

        fn increase_and_fail(ref self: ContractState, reason: felt252) {
            Counter::increase(ref self, 1);
            Counter::fail(ref self, reason);
        }

        fn loop_forever(ref self: ContractState) {
            let mut key = 0;
            loop {
                if key == -1 {
                    break;
                }
                self.entries.write(key, 1);
                key += 1;
            };
        }

        fn recurse(ref self: ContractState, depth: u64) -> u64 {
            if depth == 0 {
                return 0;
            }
            let mut calldata = ArrayTrait::new();
            calldata.append((depth - 1).into());
            let reached = call_contract_syscall(get_contract_address(), selector!("recurse"), calldata.span())
                .unwrap_syscall();
            let deeper: u64 = (*reached.at(0)).try_into().unwrap();
            deeper + 1
        }

        fn forward(
            ref self: ContractState, to: ContractAddress, selector: felt252, calldata: Array<felt252>
        ) -> Span<felt252> {
            call_contract_syscall(to, selector, calldata.span()).unwrap_syscall()
        }

        fn survive(
            ref self: ContractState, to: ContractAddress, selector: felt252, calldata: Array<felt252>
        ) -> bool {
            call_contract_syscall(to, selector, calldata.span()).is_ok()
        }

        fn send_home(ref self: ContractState, to: felt252, payload: Array<felt252>) {
            send_message_to_l1_syscall(to, payload.span()).unwrap_syscall();
        }

        fn replace(ref self: ContractState, class_hash: ClassHash) {
            replace_class_syscall(class_hash).unwrap_syscall();
        }
    }
}

/// Takes messages that no account sends.
#[starknet::interface]
trait IInbox<T> {
    fn last(self: @T) -> (felt252, felt252);
}

#[starknet::contract]
mod inbox {
    use starknet::storage::{StoragePointerReadAccess, StoragePointerWriteAccess};

    #[storage]
    struct Storage {
        from: felt252,
        value: felt252,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        Received: Received,
    }

    #[derive(Drop, starknet::Event)]
    struct Received {
        #[key]
        from: felt252,
        value: felt252,
        most: u32,
    }

    #[l1_handler]
    fn on_message(ref self: ContractState, from_address: felt252, value: felt252) {
        assert(value != 13, 'Inbox: unlucky');
        self.from.write(from_address);
        self.value.write(value);
        self.emit(Received { from: from_address, value, most: 0xffffffff });
    }

    #[abi(embed_v0)]
    impl Inbox of super::IInbox<ContractState> {
        fn last(self: @ContractState) -> (felt252, felt252) {
            (self.from.read(), self.value.read())
        }
    }
}

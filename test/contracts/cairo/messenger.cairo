/// Says and hears through the gateway whatever it is told to.

#[starknet::interface]
trait IGateway<T> {
    fn require_bundle(self: @T, bundle: felt252);
    fn send_sync(ref self: T, destination: u32, recipient: u256, index: u32, body: ByteArray);
    fn consume(ref self: T, origin: u32, sender: u256, index: u32) -> ByteArray;
}

#[starknet::interface]
trait IMessenger<T> {
    fn demand(self: @T, bundle: felt252);
    fn send(ref self: T, destination: u32, recipient: u256, index: u32, body: ByteArray);
    fn hear(ref self: T, origin: u32, sender: u256, index: u32);
    fn heard(self: @T) -> felt252;
    fn mimic(ref self: T, class: starknet::ClassHash, selector: felt252, calldata: Span<felt252>);
    fn fail(self: @T);
}

#[starknet::contract]
mod messenger {
    use starknet::storage::{StoragePointerReadAccess, StoragePointerWriteAccess};
    use super::{IGatewayDispatcher, IGatewayDispatcherTrait};

    #[storage]
    struct Storage {
        heard: felt252,
    }

    fn gateway() -> IGatewayDispatcher {
        IGatewayDispatcher { contract_address: 0x4c6f636b73746570.try_into().unwrap() }
    }

    #[abi(embed_v0)]
    impl Messenger of super::IMessenger<ContractState> {
        fn demand(self: @ContractState, bundle: felt252) {
            gateway().require_bundle(bundle);
        }

        fn send(ref self: ContractState, destination: u32, recipient: u256, index: u32, body: ByteArray) {
            gateway().send_sync(destination, recipient, index, body);
        }

        fn hear(ref self: ContractState, origin: u32, sender: u256, index: u32) {
            let body = gateway().consume(origin, sender, index);
            let mut sum = 0;
            let mut at = 0;
            while at < body.len() {
                sum = sum * 3 + body.at(at).unwrap().into();
                at += 1;
            };
            self.heard.write(sum + 1);
        }

        fn heard(self: @ContractState) -> felt252 {
            self.heard.read()
        }

        /// Runs another class's code as its own.
        fn mimic(ref self: ContractState, class: starknet::ClassHash, selector: felt252, calldata: Span<felt252>) {
            starknet::syscalls::library_call_syscall(class, selector, calldata).unwrap();
        }

        fn fail(self: @ContractState) {
            assert(false, 'it was told to');
        }
    }
}

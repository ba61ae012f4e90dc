/// Lockstep in a Cairo tenant: which bundle is executed now, and the messages between contracts within it. What the
/// sequencer says comes in L1-handler transactions from an address that no contract of L1 has.
#[starknet::interface]
trait IGateway<T> {
    fn require_bundle(self: @T, bundle: felt252);
    fn send_sync(ref self: T, destination: u32, recipient: u256, index: u32, body: ByteArray);
    fn consume(ref self: T, origin: u32, sender: u256, index: u32) -> ByteArray;
    fn deposit(ref self: T, sponsor: u256, amount: u256);
}

#[starknet::interface]
trait IToken<T> {
    fn balance_of(self: @T, account: starknet::ContractAddress) -> u256;
    fn transfer(ref self: T, recipient: starknet::ContractAddress, amount: u256) -> bool;
    fn transfer_from(
        ref self: T, sender: starknet::ContractAddress, recipient: starknet::ContractAddress, amount: u256
    ) -> bool;
}

#[starknet::contract]
mod gateway {
    use core::poseidon::poseidon_hash_span;
    use starknet::storage::{Map, StorageMapReadAccess, StorageMapWriteAccess, StoragePointerReadAccess, StoragePointerWriteAccess};
    use starknet::{get_caller_address, get_contract_address, get_tx_info};
    use super::{ITokenDispatcher, ITokenDispatcherTrait};

    const PROTOCOL: felt252 = 'LOCKSTEP_PROTOCOL_WRITE';
    const STRK: felt252 = 0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d;
    const MOST_BODY_BYTES: u32 = 256;
    const WORD_BYTES: u32 = 31;

    #[storage]
    struct Storage {
        bundle: felt252,
        /// Bytes of a delivered body and one, by the message's key.
        lengths: Map<felt252, u32>,
        /// The body in words of 31 bytes, by key and position.
        words: Map<felt252, felt252>,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        SyncSent: SyncSent,
        SyncConsumed: SyncConsumed,
        Deposited: Deposited,
    }

    #[derive(Drop, starknet::Event)]
    struct SyncSent {
        destination: u32,
        sender: felt252,
        recipient: u256,
        index: u32,
        body: ByteArray,
    }

    #[derive(Drop, starknet::Event)]
    struct SyncConsumed {
        origin: u32,
        sender: u256,
        recipient: felt252,
        index: u32,
    }

    #[derive(Drop, starknet::Event)]
    struct Deposited {
        sponsor: u256,
        amount: u256,
    }

    #[l1_handler]
    fn set_bundle(ref self: ContractState, from_address: felt252, bundle: felt252) {
        assert(from_address == PROTOCOL, 'OnlySystem');
        self.bundle.write(bundle);
    }

    #[l1_handler]
    fn deliver(
        ref self: ContractState,
        from_address: felt252,
        origin: u32,
        sender: u256,
        recipient: u256,
        index: u32,
        length: u32,
        words: Span<felt252>
    ) {
        assert(from_address == PROTOCOL, 'OnlySystem');
        let key = key_of(origin, sender, recipient, index);
        self.lengths.write(key, length + 1);
        let mut at = 0;
        while at < words.len() {
            self.words.write(word_key(key, at), *words.at(at));
            at += 1;
        };
    }

    /// Pays what a sponsor takes back of its deposits.
    #[l1_handler]
    fn release(ref self: ContractState, from_address: felt252, recipient: starknet::ContractAddress, amount: u256) {
        assert(from_address == PROTOCOL, 'OnlySystem');
        let token = ITokenDispatcher { contract_address: STRK.try_into().unwrap() };
        if token.balance_of(get_contract_address()) >= amount {
            token.transfer(recipient, amount);
        }
    }

    #[abi(embed_v0)]
    impl Gateway of super::IGateway<ContractState> {
        /// Reverts unless this bundle is executed now.
        fn require_bundle(self: @ContractState, bundle: felt252) {
            assert(bundle != 0 && self.bundle.read() == bundle, 'NotInBundle');
        }

        /// Says something to a contract of another tenant; it can consume it in a later leg of the same bundle.
        fn send_sync(ref self: ContractState, destination: u32, recipient: u256, index: u32, body: ByteArray) {
            let sender = only_contract();
            assert(self.bundle.read() != 0, 'NotInBundle');
            assert(body.len() <= MOST_BODY_BYTES, 'BodyTooLong');
            self.emit(SyncSent { destination, sender, recipient, index, body });
        }

        /// What `sender` at `origin` said to the caller in this bundle; once.
        fn consume(ref self: ContractState, origin: u32, sender: u256, index: u32) -> ByteArray {
            let recipient = only_contract();
            let key = key_of(origin, sender, recipient.into(), index);
            let found = self.lengths.read(key);
            assert(found != 0, 'NoMessage');
            self.lengths.write(key, 0);
            let mut left = found - 1;
            let mut body: ByteArray = "";
            let mut at = 0;
            while left != 0 {
                let place = word_key(key, at);
                let count = if left < WORD_BYTES {
                    left
                } else {
                    WORD_BYTES
                };
                body.append_word(self.words.read(place), count);
                self.words.write(place, 0);
                left -= count;
                at += 1;
            };
            self.emit(SyncConsumed { origin, sender, recipient, index });
            body
        }

        /// Takes STRK that the caller has approved, for a sponsor of bundles: it pays for what its undone bundles used here.
        fn deposit(ref self: ContractState, sponsor: u256, amount: u256) {
            let token = ITokenDispatcher { contract_address: STRK.try_into().unwrap() };
            assert(token.transfer_from(get_caller_address(), get_contract_address(), amount), 'NotPaid');
            self.emit(Deposited { sponsor, amount });
        }
    }

    /// The caller, which must not be the account that the transaction is from.
    fn only_contract() -> felt252 {
        let caller = get_caller_address();
        assert(caller != get_tx_info().unbox().account_contract_address, 'OnlyContracts');
        caller.into()
    }

    fn key_of(origin: u32, sender: u256, recipient: u256, index: u32) -> felt252 {
        poseidon_hash_span(
            array![
                origin.into(),
                sender.low.into(),
                sender.high.into(),
                recipient.low.into(),
                recipient.high.into(),
                index.into()
            ]
                .span()
        )
    }

    fn word_key(key: felt252, at: u32) -> felt252 {
        poseidon_hash_span(array![key, at.into()].span())
    }
}

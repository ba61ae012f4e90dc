/// SNIP-2, in both spellings. Also the fee token: the protocol moves fees in `ERC20_balances`.
use starknet::ContractAddress;

#[starknet::interface]
trait IERC20<T> {
    fn name(self: @T) -> felt252;
    fn symbol(self: @T) -> felt252;
    fn decimals(self: @T) -> u8;
    fn total_supply(self: @T) -> u256;
    fn totalSupply(self: @T) -> u256;
    fn balance_of(self: @T, account: ContractAddress) -> u256;
    fn balanceOf(self: @T, account: ContractAddress) -> u256;
    fn allowance(self: @T, owner: ContractAddress, spender: ContractAddress) -> u256;
    fn transfer(ref self: T, recipient: ContractAddress, amount: u256) -> bool;
    fn transfer_from(ref self: T, sender: ContractAddress, recipient: ContractAddress, amount: u256) -> bool;
    fn transferFrom(ref self: T, sender: ContractAddress, recipient: ContractAddress, amount: u256) -> bool;
    fn approve(ref self: T, spender: ContractAddress, amount: u256) -> bool;
}

#[starknet::contract]
mod erc20 {
    use starknet::ContractAddress;
    use starknet::get_caller_address;
    use starknet::storage::{
        Map, StorageMapReadAccess, StorageMapWriteAccess, StoragePointerReadAccess, StoragePointerWriteAccess
    };

    const UNLIMITED: u256 = 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff;

    #[storage]
    struct Storage {
        ERC20_name: felt252,
        ERC20_symbol: felt252,
        ERC20_decimals: u8,
        ERC20_total_supply: u256,
        ERC20_balances: Map<ContractAddress, u256>,
        ERC20_allowances: Map<(ContractAddress, ContractAddress), u256>,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        Transfer: Transfer,
        Approval: Approval,
    }

    #[derive(Drop, starknet::Event)]
    struct Transfer {
        #[key]
        from: ContractAddress,
        #[key]
        to: ContractAddress,
        value: u256,
    }

    #[derive(Drop, starknet::Event)]
    struct Approval {
        #[key]
        owner: ContractAddress,
        #[key]
        spender: ContractAddress,
        value: u256,
    }

    #[constructor]
    fn constructor(
        ref self: ContractState,
        name: felt252,
        symbol: felt252,
        decimals: u8,
        initial_supply: u256,
        recipient: ContractAddress
    ) {
        assert_exists(recipient, 'ERC20: mint to 0');
        self.ERC20_name.write(name);
        self.ERC20_symbol.write(symbol);
        self.ERC20_decimals.write(decimals);
        self.ERC20_total_supply.write(initial_supply);
        self.ERC20_balances.write(recipient, initial_supply);
        self.emit(Transfer { from: starknet::contract_address_const::<0>(), to: recipient, value: initial_supply });
    }

    fn assert_exists(account: ContractAddress, error: felt252) {
        let address: felt252 = account.into();
        assert(address != 0, error);
    }

    fn move(ref self: ContractState, sender: ContractAddress, recipient: ContractAddress, amount: u256) {
        assert_exists(sender, 'ERC20: transfer from 0');
        assert_exists(recipient, 'ERC20: transfer to 0');
        let balance = self.ERC20_balances.read(sender);
        assert(balance >= amount, 'ERC20: insufficient balance');
        self.ERC20_balances.write(sender, balance - amount);
        self.ERC20_balances.write(recipient, self.ERC20_balances.read(recipient) + amount);
        self.emit(Transfer { from: sender, to: recipient, value: amount });
    }

    #[abi(embed_v0)]
    impl ERC20 of super::IERC20<ContractState> {
        fn name(self: @ContractState) -> felt252 {
            self.ERC20_name.read()
        }

        fn symbol(self: @ContractState) -> felt252 {
            self.ERC20_symbol.read()
        }

        fn decimals(self: @ContractState) -> u8 {
            self.ERC20_decimals.read()
        }

        fn total_supply(self: @ContractState) -> u256 {
            self.ERC20_total_supply.read()
        }

        fn totalSupply(self: @ContractState) -> u256 {
            ERC20::total_supply(self)
        }

        fn balance_of(self: @ContractState, account: ContractAddress) -> u256 {
            self.ERC20_balances.read(account)
        }

        fn balanceOf(self: @ContractState, account: ContractAddress) -> u256 {
            ERC20::balance_of(self, account)
        }

        fn allowance(self: @ContractState, owner: ContractAddress, spender: ContractAddress) -> u256 {
            self.ERC20_allowances.read((owner, spender))
        }

        fn transfer(ref self: ContractState, recipient: ContractAddress, amount: u256) -> bool {
            move(ref self, get_caller_address(), recipient, amount);
            true
        }

        fn transfer_from(
            ref self: ContractState, sender: ContractAddress, recipient: ContractAddress, amount: u256
        ) -> bool {
            let spender = get_caller_address();
            let allowed = self.ERC20_allowances.read((sender, spender));
            if allowed != UNLIMITED {
                assert(allowed >= amount, 'ERC20: insufficient allowance');
                self.ERC20_allowances.write((sender, spender), allowed - amount);
            }
            move(ref self, sender, recipient, amount);
            true
        }

        fn transferFrom(
            ref self: ContractState, sender: ContractAddress, recipient: ContractAddress, amount: u256
        ) -> bool {
            ERC20::transfer_from(ref self, sender, recipient, amount)
        }

        fn approve(ref self: ContractState, spender: ContractAddress, amount: u256) -> bool {
            let owner = get_caller_address();
            assert_exists(owner, 'ERC20: approve from 0');
            assert_exists(spender, 'ERC20: approve to 0');
            self.ERC20_allowances.write((owner, spender), amount);
            self.emit(Approval { owner, spender, value: amount });
            true
        }
    }
}

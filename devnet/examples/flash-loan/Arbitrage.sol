// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

interface IFlashLender {
    function lend(address to, uint256 amount) external returns (uint32 loan);
    function repay(uint32 loan) external payable;
}

interface IDesk {
    function buy(bytes32 receiver, uint32 index) external payable;
    function collect(uint32 index) external;
}

/// Buys SOL at one desk with borrowed ether, and repays out of what another desk pays for it. It needs nothing of its own.
contract Arbitrage {
    IFlashLender private immutable lender;
    address private immutable owner;
    uint32 private loan;

    error NotOwner();
    error Unprofitable(uint256 has, uint256 owed);

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner();
        _;
    }

    constructor(IFlashLender lender_) {
        (lender, owner) = (lender_, msg.sender);
    }

    receive() external payable {}

    function start(uint256 amount, IDesk desk, bytes32 receiver, uint32 index) external onlyOwner {
        loan = lender.lend(address(this), amount);
        desk.buy{value: amount}(receiver, index);
    }

    function finish(uint256 owed, IDesk desk, uint32 index) external onlyOwner {
        desk.collect(index);
        if (address(this).balance < owed) revert Unprofitable(address(this).balance, owed);
        lender.repay{value: owed}(loan);
        payable(owner).transfer(address(this).balance);
    }
}

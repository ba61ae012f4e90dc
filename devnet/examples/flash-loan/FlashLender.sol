// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

interface IGateway {
    function sendSync(uint32 destination, bytes32 recipient, uint32 index, bytes calldata body) external;
    function consume(uint32 origin, bytes32 sender, uint32 index) external returns (bytes memory);
}

/// Lends ether for as long as a bundle takes, to anybody and without security. The debt is a message to itself that only
/// `repay` consumes: a bundle with a message that nobody consumed is undone on all its tenants, the loan with it.
contract FlashLender {
    IGateway private constant GATEWAY = IGateway(0x0000000000000000000000004C6f636B73746570);

    uint32 private loans;

    error LessThanOwed(uint256 owed);
    error NotTaken();

    receive() external payable {}

    function lend(address to, uint256 amount) external returns (uint32 loan) {
        loan = loans++;
        GATEWAY.sendSync(here(), self(), loan, abi.encode(amount + amount / 1000));
        (bool taken,) = to.call{value: amount}("");
        if (!taken) revert NotTaken();
    }

    function repay(uint32 loan) external payable {
        uint256 owed = abi.decode(GATEWAY.consume(here(), self(), loan), (uint256));
        if (msg.value < owed) revert LessThanOwed(owed);
    }

    function here() private view returns (uint32) {
        return uint32(block.chainid);
    }

    function self() private view returns (bytes32) {
        return bytes32(uint256(uint160(address(this))));
    }
}

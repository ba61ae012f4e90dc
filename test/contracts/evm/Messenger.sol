// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

interface IGateway {
    function requireBundle(bytes32 bundle) external view;
    function sendSync(uint32 destination, bytes32 recipient, uint32 index, bytes calldata body) external;
    function consume(uint32 origin, bytes32 sender, uint32 index) external returns (bytes memory);
}

/// Says and hears through the gateway whatever it is told to.
contract Messenger {
    IGateway private constant GATEWAY = IGateway(0x0000000000000000000000004C6f636B73746570);

    bytes public heard;

    function demand(bytes32 bundle) external view {
        GATEWAY.requireBundle(bundle);
    }

    function send(uint32 destination, bytes32 recipient, uint32 index, bytes calldata body) external {
        GATEWAY.sendSync(destination, recipient, index, body);
    }

    /// The inner call sends and is undone; the outer one goes on.
    function sendAndRevert(uint32 destination, bytes32 recipient, uint32 index, bytes calldata body) external {
        try this.sendThenFail(destination, recipient, index, body) {} catch {}
    }

    function sendThenFail(uint32 destination, bytes32 recipient, uint32 index, bytes calldata body) external {
        GATEWAY.sendSync(destination, recipient, index, body);
        revert("undone");
    }

    function hear(uint32 origin, bytes32 sender, uint32 index) external {
        heard = GATEWAY.consume(origin, sender, index);
    }

    /// Calls any function of the gateway.
    function poke(bytes calldata data) external {
        (bool succeeded, bytes memory reason) = address(GATEWAY).call(data);
        if (!succeeded) assembly { revert(add(reason, 32), mload(reason)) }
    }

    /// Runs the gateway's code as its own.
    function mimic(bytes calldata data) external {
        (bool succeeded, bytes memory reason) = address(GATEWAY).delegatecall(data);
        if (!succeeded) assembly { revert(add(reason, 32), mload(reason)) }
    }

    function hearTwice(uint32 origin, bytes32 sender, uint32 index) external {
        heard = GATEWAY.consume(origin, sender, index);
        heard = GATEWAY.consume(origin, sender, index);
    }

    function fail() external pure {
        revert("it was told to");
    }

    function spin() external {
        for (;;) heard = abi.encodePacked(heard, uint8(1));
    }

    /// Logs what the gateway would, itself.
    function forge(uint32 destination, bytes32 recipient, uint32 index, bytes calldata body) external {
        emit SyncSent(destination, bytes32(uint256(uint160(address(this)))), recipient, index, body);
    }

    event SyncSent(uint32 destination, bytes32 sender, bytes32 recipient, uint32 index, bytes body);
}

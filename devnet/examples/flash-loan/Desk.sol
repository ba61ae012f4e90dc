// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

interface IGateway {
    function sendSync(uint32 destination, bytes32 recipient, uint32 index, bytes calldata body) external;
    function consume(uint32 origin, bytes32 sender, uint32 index) external returns (bytes memory);
}

/// Half of a desk that changes ether for SOL and back at a fixed price; the other half is `desk.c`, with a vault of SOL.
/// Whoever pays in here is paid there by a later leg of the same bundle, and the other way round.
contract Desk {
    IGateway private constant GATEWAY = IGateway(0x0000000000000000000000004C6f636B73746570);

    uint32 private immutable svm;
    bytes32 private immutable other;
    uint256 private immutable weiPerLamport;

    error NotPaid();

    /// `other_`: the program address that sends and consumes for the vault.
    constructor(uint32 svm_, bytes32 other_, uint256 weiPerLamport_) payable {
        (svm, other, weiPerLamport) = (svm_, other_, weiPerLamport_);
    }

    /// Takes ether; a later leg pays lamports to the receiver.
    function buy(bytes32 receiver, uint32 index) external payable {
        uint64 lamports = uint64(msg.value / weiPerLamport);
        GATEWAY.sendSync(svm, other, index, abi.encodePacked(lamports, receiver));
    }

    /// Pays for lamports that an earlier leg took.
    function collect(uint32 index) external {
        bytes memory body = GATEWAY.consume(svm, other, index);
        uint64 lamports;
        address receiver;
        assembly {
            lamports := shr(192, mload(add(body, 32)))
            receiver := shr(96, mload(add(body, 40)))
        }
        (bool paid,) = receiver.call{value: lamports * weiPerLamport}("");
        if (!paid) revert NotPaid();
    }
}

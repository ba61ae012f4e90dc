// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Made and destroyed by a Workbench.
contract Piece {
    enum Making { Succeeds, Reverts, Destroys, Burns, ReturnsNothing }

    uint256 public value;

    constructor(uint256 value_, Making making) payable {
        value = value_;
        if (making == Making.Reverts) revert("no piece");
        if (making == Making.Destroys) selfdestruct(payable(msg.sender));
        if (making == Making.Burns) assembly { invalid() }
        if (making == Making.ReturnsNothing) assembly { return(0, 0) }
    }

    function destroy(address payable heir) external payable {
        value++;
        selfdestruct(heir);
    }

    receive() external payable {}
}

/// Does one thing of the EVM for every function, and keeps a digest of all that it saw in its storage.
contract Workbench {
    bytes32 public digest;
    mapping(uint256 => uint256) public slots;
    Piece[] public pieces;

    event One(uint256 value);
    event Two(uint256 indexed a, uint256 value);
    event Three(uint256 indexed a, uint256 indexed b, bytes value);
    event Four(uint256 indexed a, uint256 indexed b, uint256 indexed c, bytes value);

    error Failed(uint256 code, bytes why);

    receive() external payable {}

    function note(bytes memory seen) internal {
        digest = keccak256(abi.encode(digest, keccak256(seen)));
    }

    /// Sets slots to a value; 0 clears, which refunds.
    function store(uint256 first, uint256 count, uint256 value) external payable {
        for (uint256 i = 0; i < count; i++) slots[first + i] = value;
    }

    /// Reads each slot twice, cold (unless an access list has it) and warm, and notes what that cost.
    function load(uint256 first, uint256 count) external {
        uint256 sum;
        for (uint256 i = 0; i < count; i++) {
            uint256 before = gasleft();
            sum += slots[first + i];
            uint256 between = gasleft();
            sum += slots[first + i];
            note(abi.encode(before - between, between - gasleft(), sum));
        }
    }

    /// Original, current and new value in all combinations of EIP-2200 and EIP-3529.
    function flip(uint256 slot, uint256[] calldata values) external {
        for (uint256 i = 0; i < values.length; i++) {
            uint256 before = gasleft();
            slots[slot] = values[i];
            if (slot % 2 == 0) note(abi.encode(before - gasleft()));
        }
    }

    function log(uint256 seed, bytes calldata data) external {
        emit One(seed);
        emit Two(seed, seed + 1);
        emit Three(seed, seed * 2, data);
        emit Four(seed, seed * 3, seed * 5, data);
        assembly {
            log0(0, 0)
        }
    }

    /// Fails in its own way for each kind.
    function fail(uint256 kind) public {
        slots[kind] = 77;
        emit One(kind);
        if (kind == 0) revert("a reason");
        if (kind == 1) revert Failed(kind, "a custom error");
        if (kind == 2) assert(false);
        if (kind == 3) assembly { invalid() }
        if (kind == 4) assembly { revert(0, 0) }
        if (kind == 5) assembly { pop(mload(not(0))) }
        if (kind == 6) assembly { returndatacopy(0, returndatasize(), 1) }
        if (kind == 7) while (true) slots[kind]++;
        if (kind == 8) this.fail(8);
    }

    /// Catches the failure: what it did is undone, what was warmed is cold again.
    function catchFailure(uint256 kind, uint256 gas_) external {
        try this.fail{gas: gas_}(kind) {
            note("none");
        } catch (bytes memory why) {
            note(why);
        }
        uint256 before = gasleft();
        uint256 value = slots[kind];
        note(abi.encode(value, before - gasleft()));
    }

    function make(uint256 value, Piece.Making making, bytes32 salt, bool salted) external payable {
        bytes memory code = abi.encodePacked(type(Piece).creationCode, abi.encode(value, making));
        address made;
        uint256 before = gasleft();
        assembly {
            switch salted
            case 0 { made := create(callvalue(), add(code, 32), mload(code)) }
            default { made := create2(callvalue(), add(code, 32), mload(code), salt) }
        }
        note(abi.encode(made, before - gasleft(), made.codehash, made.balance));
        if (made.code.length > 0) pieces.push(Piece(payable(made)));
    }

    /// Runs any code as initcode, by CREATE.
    function create(bytes calldata initcode) external payable {
        bytes memory code = initcode;
        address made;
        uint256 before = gasleft();
        assembly {
            made := create(callvalue(), add(code, 32), mload(code))
        }
        bytes memory returned = new bytes(0);
        assembly {
            returned := mload(0x40)
            mstore(0x40, add(returned, add(32, and(add(returndatasize(), 31), not(31)))))
            mstore(returned, returndatasize())
            returndatacopy(add(returned, 32), 0, returndatasize())
        }
        note(abi.encode(made, before - gasleft(), made.codehash, returned));
    }

    /// CREATE with zeros of a size of the caller's choice (EIP-3860).
    function createZeros(uint256 size) external {
        uint256 before = gasleft();
        address made;
        assembly {
            made := create(0, mload(0x40), size)
        }
        note(abi.encode(made, before - gasleft()));
    }

    /// A piece made in an earlier transaction keeps its code; its balance goes (EIP-6780).
    function destroyOld(uint256 index, address payable heir) external payable {
        if (pieces.length == 0) return;
        Piece piece = pieces[index % pieces.length];
        piece.destroy{value: msg.value}(heir);
        note(abi.encode(address(piece).balance, address(piece).codehash, piece.value()));
    }

    /// A piece of the same transaction is gone after it; an heir that is the piece itself burns the balance.
    function destroyNew(bytes32 salt, address payable heir, bool self, bool again) external payable {
        Piece piece = new Piece{salt: salt, value: msg.value}(1, Piece.Making.Succeeds);
        piece.destroy(self ? payable(address(piece)) : heir);
        note(abi.encode(address(piece).balance, address(piece).codehash));
        if (again) payable(address(piece)).transfer(address(this).balance > 3 ? 3 : 0);
    }

    /// Any address, precompiles above all: what it answers, and what that costs.
    function ask(address target, uint256 gas_, bytes calldata input) public {
        uint256 before = gasleft();
        (bool success, bytes memory answer) = target.staticcall{gas: gas_}(input);
        note(abi.encode(success, answer, before - gasleft()));
    }

    function askAll(address[] calldata targets, uint256[] calldata gas_, bytes[] calldata inputs) external {
        for (uint256 i = 0; i < targets.length; i++) ask(targets[i], gas_[i], inputs[i]);
    }

    /// BLOCKHASH, and the contracts of EIP-2935 and EIP-4788.
    function history(uint256 number, uint256 timestamp) external {
        (bool known, bytes memory hash) = 0x0000F90827F1C53a10cb7A02335B175320002935.staticcall(abi.encode(number));
        (bool found, bytes memory root) = 0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.staticcall(abi.encode(timestamp));
        note(abi.encode(blockhash(number), known, hash, found, root));
    }

    function environment() external payable {
        note(abi.encode(block.chainid, block.number, block.timestamp, block.prevrandao, block.coinbase));
        note(abi.encode(block.gaslimit, block.basefee, block.blobbasefee, blobhash(0), tx.gasprice));
        note(abi.encode(tx.origin, msg.sender, msg.value, address(this).balance, block.coinbase.balance, gasleft()));
    }

    function extcode(address target) external {
        uint256 before = gasleft();
        uint256 size = target.code.length;
        uint256 after_ = gasleft();
        note(abi.encode(size, before - after_, target.codehash, after_ - gasleft(), target.code, target.balance));
    }

    /// Transient storage (EIP-1153), undone with the frame that set it.
    function passing(uint256 key, uint256 value) external {
        uint256 seen;
        assembly {
            tstore(key, value)
        }
        try this.passingFailure(key) {} catch {}
        assembly {
            seen := tload(key)
        }
        note(abi.encode(seen));
    }

    function passingFailure(uint256 key) external {
        assembly {
            tstore(key, 12345)
        }
        revert();
    }

    function recurse(uint256 depth) external payable {
        if (depth == 0) return note(abi.encode(gasleft()));
        (bool success,) = address(this).call{value: address(this).balance / 2}(abi.encodeCall(this.recurse, (depth - 1)));
        note(abi.encode(success, depth));
    }

    function pay(address payable to, uint256 value, uint256 gas_) external payable {
        uint256 before = gasleft();
        (bool success, bytes memory answer) = to.call{value: value, gas: gas_}("");
        note(abi.encode(success, answer, before - gasleft()));
    }

    /// CALL, CALLCODE, DELEGATECALL or STATICCALL.
    function forward(uint256 kind, address to, uint256 value, bytes calldata data) external payable {
        bytes memory input = data;
        bool success;
        uint256 before = gasleft();
        assembly {
            let offset := add(input, 32)
            let size := mload(input)
            switch kind
            case 0 { success := call(gas(), to, value, offset, size, 0, 0) }
            case 1 { success := callcode(gas(), to, value, offset, size, 0, 0) }
            case 2 { success := delegatecall(gas(), to, offset, size, 0, 0) }
            default { success := staticcall(gas(), to, offset, size, 0, 0) }
        }
        uint256 size_;
        assembly {
            size_ := returndatasize()
        }
        note(abi.encode(success, size_, before - gasleft()));
    }

    /// Overlapping copies of memory (EIP-5656).
    function copy(uint256 to, uint256 from, uint256 size) external {
        bytes32 seen;
        assembly {
            let base := mload(0x40)
            for { let i := 0 } lt(i, 64) { i := add(i, 1) } { mstore(add(base, mul(i, 32)), mul(not(i), 0x9e3779b97f4a7c15)) }
            mcopy(add(base, to), add(base, from), size)
            seen := keccak256(base, 2048)
        }
        note(abi.encode(seen));
    }

    /// All of the arithmetic on two words of the caller's choice.
    function compute(int256 a, int256 b, uint256 c) external {
        uint256 x = uint256(a);
        uint256 y = uint256(b);
        uint256[16] memory r;
        assembly {
            function put(at, value) { mstore(at, value) }
            put(r, add(x, y))
            put(add(r, 0x20), sub(x, y))
            put(add(r, 0x40), mul(x, y))
            put(add(r, 0x60), div(x, y))
            put(add(r, 0x80), sdiv(x, y))
            put(add(r, 0xa0), mod(x, y))
            put(add(r, 0xc0), smod(x, y))
            put(add(r, 0xe0), addmod(x, y, c))
            put(add(r, 0x100), mulmod(x, y, c))
            put(add(r, 0x120), exp(x, y))
            put(add(r, 0x140), signextend(and(c, 63), x))
            put(add(r, 0x160), byte(and(c, 63), x))
            put(add(r, 0x180), shl(and(c, 0x1ff), x))
            put(add(r, 0x1a0), shr(and(c, 0x1ff), x))
            put(add(r, 0x1c0), sar(and(c, 0x1ff), x))
            put(add(r, 0x1e0), add(slt(x, y), mul(2, sgt(x, y))))
        }
        note(abi.encode(r, gasleft()));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Lockstep in an EVM tenant: which bundle is executed now, and the messages between contracts within it. What the
/// sequencer says it writes by calls from the system address of EIP-4788, for which nobody has a key.
contract Gateway {
    struct Delivered {
        bool exists;
        bytes body;
    }

    address private constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    uint256 private constant MOST_BODY_BYTES = 256;

    bytes32 private current;
    mapping(bytes32 => Delivered) private inbox;
    mapping(address => uint256) private released;

    error OnlySystem();
    error OnlyContracts();
    error NotInBundle(bytes32 bundle);
    error BodyTooLong(uint256 length);
    error NotPaid(uint256 amount);
    error NoMessage(uint32 origin, bytes32 sender, uint32 index);

    event SyncSent(uint32 destination, bytes32 sender, bytes32 recipient, uint32 index, bytes body);
    event SyncConsumed(uint32 origin, bytes32 sender, bytes32 recipient, uint32 index);
    event Withdrawn(address indexed recipient, uint256 amount);
    event Deposited(bytes32 indexed sponsor, uint256 amount);

    modifier onlySystem() {
        if (msg.sender != SYSTEM) revert OnlySystem();
        _;
    }

    /// Whoever signed the transaction is no contract, even where it has delegated to one (EIP-7702).
    modifier onlyContracts() {
        if (msg.sender.code.length == 0 || msg.sender == tx.origin) revert OnlyContracts();
        _;
    }

    /// Reverts unless this bundle is executed now.
    function requireBundle(bytes32 bundle) external view {
        if (bundle == 0 || bundle != current) revert NotInBundle(bundle);
    }

    /// Says something to a contract of another tenant; it can consume it in a later leg of the same bundle.
    function sendSync(uint32 destination, bytes32 recipient, uint32 index, bytes calldata body) external onlyContracts {
        if (current == 0) revert NotInBundle(0);
        if (body.length > MOST_BODY_BYTES) revert BodyTooLong(body.length);
        emit SyncSent(destination, asBytes32(msg.sender), recipient, index, body);
    }

    /// What `sender` at `origin` said to the caller in this bundle; once.
    function consume(uint32 origin, bytes32 sender, uint32 index) external onlyContracts returns (bytes memory body) {
        bytes32 recipient = asBytes32(msg.sender);
        bytes32 key = keyOf(origin, sender, recipient, index);
        if (!inbox[key].exists) revert NoMessage(origin, sender, index);
        body = inbox[key].body;
        delete inbox[key];
        emit SyncConsumed(origin, sender, recipient, index);
    }

    /// Keeps the value for a sponsor of bundles, which pays with it for what its undone bundles used here.
    function deposit(bytes32 sponsor) external payable {
        emit Deposited(sponsor, msg.value);
    }

    /// Pays what sponsors had released to a recipient; anybody can have it done.
    function withdraw(address recipient) external {
        uint256 amount = released[recipient];
        released[recipient] = 0;
        (bool paid,) = recipient.call{value: amount}("");
        if (amount == 0 || !paid) revert NotPaid(amount);
        emit Withdrawn(recipient, amount);
    }

    /// What a sponsor takes back of its deposits.
    function release(address recipient, uint256 amount) external onlySystem {
        released[recipient] += amount;
    }

    function setBundle(bytes32 bundle) external onlySystem {
        current = bundle;
    }

    function deliver(uint32 origin, bytes32 sender, bytes32 recipient, uint32 index, bytes calldata body)
        external
        onlySystem
    {
        inbox[keyOf(origin, sender, recipient, index)] = Delivered(true, body);
    }

    function keyOf(uint32 origin, bytes32 sender, bytes32 recipient, uint32 index) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(origin, sender, recipient, index));
    }

    function asBytes32(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }
}

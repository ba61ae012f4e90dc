/**
 * A sealed EVM block as its `Seal.block` holds it: `u32 size ‖ RLP header`, where `size` is the length
 * of the whole block in RLP. The header is Prague's (Yellow Paper 4.4.3 with EIP-1559, 4895, 4844, 4788
 * and 7685); keccak256 of its RLP is the block hash.
 */
import { concatBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { decodeRlp, rlpBytes, rlpInteger, rlpList, rlpNumber } from "./rlp.ts";

/** Header fields under their JSON-RPC names. */
export type EvmHeader = {
  parentHash: Hex;
  sha3Uncles: Hex;
  /** Coinbase: the tenant's fee recipient. */
  miner: Hex;
  stateRoot: Hex;
  transactionsRoot: Hex;
  receiptsRoot: Hex;
  logsBloom: Hex;
  difficulty: bigint;
  number: number;
  gasLimit: number;
  gasUsed: number;
  /** Seconds: the floor of the shared clock. */
  timestamp: number;
  extraData: Hex;
  /** PREVRANDAO: root of the shared header. */
  mixHash: Hex;
  nonce: Hex;
  baseFeePerGas: bigint;
  withdrawalsRoot: Hex;
  blobGasUsed: number;
  excessBlobGas: number;
  /** Root of the shared parent header. */
  parentBeaconBlockRoot: Hex;
  requestsHash: Hex;
};

export type EvmBlock = EvmHeader & {
  /** Bytes of the RLP block: header, transactions and empty lists. */
  size: number;
};

const headerFields = 21;

/** @throws LockstepError `undecodable` on anything but the one encoding of a Prague header */
export const decodeHeader = (bytes: Uint8Array): EvmHeader => {
  const rlp = decodeRlp(bytes);
  if (!rlp.ok) throw new LockstepError("undecodable", `not a block header: ${rlp.error.message}`);
  const fields = rlpList(rlp.value);
  if (fields.length !== headerFields) {
    throw new LockstepError("undecodable", `a Prague header has ${headerFields} fields, this one ${fields.length}`);
  }
  const hex = (index: number, length?: number): Hex => toHex(rlpBytes(fields[index], length));
  return {
    parentHash: hex(0, 32),
    sha3Uncles: hex(1, 32),
    miner: hex(2, 20),
    stateRoot: hex(3, 32),
    transactionsRoot: hex(4, 32),
    receiptsRoot: hex(5, 32),
    logsBloom: hex(6, 256),
    difficulty: rlpInteger(fields[7]),
    number: rlpNumber(fields[8]),
    gasLimit: rlpNumber(fields[9]),
    gasUsed: rlpNumber(fields[10]),
    timestamp: rlpNumber(fields[11]),
    extraData: hex(12),
    mixHash: hex(13, 32),
    nonce: hex(14, 8),
    baseFeePerGas: rlpInteger(fields[15]),
    withdrawalsRoot: hex(16, 32),
    blobGasUsed: rlpNumber(fields[17]),
    excessBlobGas: rlpNumber(fields[18]),
    parentBeaconBlockRoot: hex(19, 32),
    requestsHash: hex(20, 32),
  };
};

/** `Seal.block` of a header in RLP and the size of its block. */
export const encodeBlock = (header: Uint8Array, size: number): Uint8Array => {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, size);
  return concatBytes(length, header);
};

/** @throws LockstepError `undecodable` */
export const decodeBlock = (block: Uint8Array): EvmBlock => {
  if (block.length < 4) throw new LockstepError("undecodable", "a block starts with its size in four bytes");
  const size = new DataView(block.buffer, block.byteOffset, 4).getUint32(0);
  return { ...decodeHeader(block.subarray(4)), size };
};

/** Fuel's canonical encoding of transactions, strict in both directions, and ids. */
import { concatBytes, fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { transactionLimits } from "../../protocol/limits.ts";
import { createReader, createWriter, type Reader, type Writer } from "./binary.ts";
import type {
  ChargeableTransaction,
  ContractInput,
  FuelInput,
  FuelOutput,
  FuelTransaction,
  MintTransaction,
  Policies,
  TxPointer,
  UtxoId,
} from "./transaction.ts";

export type CodecRefusal = "undecodable" | "oversized" | "unsupported";

const kinds = { script: 0n, create: 1n, mint: 2n, upgrade: 3n, upload: 4n, blob: 5n } as const;
const inputKinds = { coin: 0n, contract: 1n, message: 2n } as const;
const outputKinds = { coin: 0n, contract: 1n, change: 2n, variable: 3n, contractCreated: 4n } as const;
/** In the order of their bits. */
const policyNames = ["tip", "witnessLimit", "maturity", "maxFee", "expiration", "owner"] as const;

export const zero32: Hex = `0x${"0".repeat(64)}`;
const nowhere: TxPointer = { height: 0, index: 0 };
const noUtxo: UtxoId = { txId: zero32, index: 0 };

const undecodable = (problem: string): LockstepError => new LockstepError("undecodable", problem);

/** @throws LockstepError `undecodable` where it isn't hexadecimal, or has another length than the one given */
export const bytesOf = (hex: Hex, length?: number): Uint8Array => {
  const bytes = fromHex(hex);
  if (bytes === undefined || (length !== undefined && bytes.length !== length)) {
    throw undecodable(`${hex.slice(0, 80)} is not ${length === undefined ? "" : `${length} bytes in `}hexadecimal`);
  }
  return bytes;
};

const sizeOf = (hex: Hex): number => (hex.length - 2) / 2;

const createWords = (reader: Reader) => {
  /** An integer in a word of its own, below `end`. */
  const integer = (end: number): number => {
    const value = reader.u64();
    if (value >= BigInt(end)) throw undecodable(`a transaction has ${value} where less than ${end} is possible`);
    return Number(value);
  };
  const u16 = (): number => integer(2 ** 16);
  const u32 = (): number => integer(2 ** 32);
  /** A length: what is counted takes at least a byte each. */
  const count = (): number => integer(reader.left() + 1);
  const b256 = (): Hex => reader.hex(32);
  const utxoId = (): UtxoId => ({ txId: b256(), index: u16() });
  const txPointer = (): TxPointer => ({ height: u32(), index: u16() });
  const list = <T>(length: number, read: () => T): T[] => Array.from({ length }, read);
  return { ...reader, integer, u16, u32, count, b256, utxoId, txPointer, list };
};
type Words = ReturnType<typeof createWords>;

const readContract = (words: Words): Omit<ContractInput, "kind"> => ({
  utxoId: words.utxoId(),
  balanceRoot: words.b256(),
  stateRoot: words.b256(),
  txPointer: words.txPointer(),
  contractId: words.b256(),
});

const readInput = (words: Words): FuelInput => {
  const kind = words.u64();
  if (kind === inputKinds.contract) return { kind: "contract", ...readContract(words) };
  if (kind === inputKinds.coin) {
    const head = { utxoId: words.utxoId(), owner: words.b256(), amount: words.u64(), assetId: words.b256() };
    const rest = { txPointer: words.txPointer(), witnessIndex: words.u16(), predicateGasUsed: words.u64() };
    const [predicate, predicateData] = [words.count(), words.count()];
    return {
      kind: "coin",
      ...head,
      ...rest,
      predicate: words.padded(predicate),
      predicateData: words.padded(predicateData),
    };
  }
  if (kind === inputKinds.message) {
    const head = { sender: words.b256(), recipient: words.b256(), amount: words.u64(), nonce: words.b256() };
    const rest = { witnessIndex: words.u16(), predicateGasUsed: words.u64() };
    const [data, predicate, predicateData] = [words.count(), words.count(), words.count()];
    return {
      kind: "message",
      ...head,
      ...rest,
      data: words.padded(data),
      predicate: words.padded(predicate),
      predicateData: words.padded(predicateData),
    };
  }
  throw undecodable(`there are no inputs of kind ${kind}`);
};

const readOutput = (words: Words): FuelOutput => {
  const kind = words.u64();
  const coin = () => ({ to: words.b256(), amount: words.u64(), assetId: words.b256() });
  switch (kind) {
    case outputKinds.coin:
      return { kind: "coin", ...coin() };
    case outputKinds.contract:
      return { kind: "contract", inputIndex: words.u16(), balanceRoot: words.b256(), stateRoot: words.b256() };
    case outputKinds.change:
      return { kind: "change", ...coin() };
    case outputKinds.variable:
      return { kind: "variable", ...coin() };
    case outputKinds.contractCreated:
      return { kind: "contractCreated", contractId: words.b256(), stateRoot: words.b256() };
    default:
      throw undecodable(`there are no outputs of kind ${kind}`);
  }
};

const readPolicies = (words: Words, bits: number): Policies =>
  Object.fromEntries(policyNames.flatMap((name, i) => ((bits >> i) & 1 ? [[name, words.u64()]] : [])));

type Counts = { bits: number; inputs: number; outputs: number; witnesses: number };

const readCounts = (words: Words): Counts => ({
  bits: words.integer(2 ** policyNames.length),
  inputs: words.count(),
  outputs: words.count(),
  witnesses: words.count(),
});

const readCommon = (words: Words, counts: Counts) => ({
  policies: readPolicies(words, counts.bits),
  inputs: words.list(counts.inputs, () => readInput(words)),
  outputs: words.list(counts.outputs, () => readOutput(words)),
  witnesses: words.list(counts.witnesses, () => words.padded(words.count())),
});

const readTransaction = (words: Words): FuelTransaction | { unsupported: string } => {
  const kind = words.u64();
  switch (kind) {
    case kinds.script: {
      const head = { scriptGasLimit: words.u64(), receiptsRoot: words.b256() };
      const [script, scriptData, counts] = [words.count(), words.count(), readCounts(words)];
      const body = { script: words.padded(script), scriptData: words.padded(scriptData) };
      return { kind: "script", ...head, ...body, ...readCommon(words, counts) };
    }
    case kinds.create: {
      const head = { bytecodeWitnessIndex: words.u16(), salt: words.b256() };
      const [slots, counts] = [words.count(), readCounts(words)];
      const storageSlots = words.list(slots, () => ({ key: words.b256(), value: words.b256() }));
      return { kind: "create", ...head, storageSlots, ...readCommon(words, counts) };
    }
    case kinds.blob: {
      const head = { blobId: words.b256(), witnessIndex: words.u16() };
      return { kind: "blob", ...head, ...readCommon(words, readCounts(words)) };
    }
    case kinds.mint: {
      const [txPointer, inputContract] = [words.txPointer(), readContract(words)];
      const outputContract = { inputIndex: words.u16(), balanceRoot: words.b256(), stateRoot: words.b256() };
      const rest = { mintAmount: words.u64(), mintAssetId: words.b256(), gasPrice: words.u64() };
      return { kind: "mint", txPointer, inputContract, outputContract, ...rest };
    }
    case kinds.upgrade:
      return { unsupported: "upgrades" };
    case kinds.upload:
      return { unsupported: "uploads" };
    default:
      throw undecodable(`there are no transactions of kind ${kind}`);
  }
};

/** The transaction of exactly these bytes. Signatures and rules aren't checked. */
export const decodeTransaction = (bytes: Uint8Array): Result<FuelTransaction, CodecRefusal> => {
  if (bytes.length > transactionLimits.fuel) {
    return failure("oversized", `a transaction has at most ${transactionLimits.fuel} bytes, this one ${bytes.length}`);
  }
  try {
    const words = createWords(createReader(bytes, "a transaction"));
    const transaction = readTransaction(words);
    if ("unsupported" in transaction) return failure("unsupported", `${transaction.unsupported} are not taken`);
    words.end();
    return success(transaction);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return failure("undecodable", `not a Fuel transaction: ${error.message}`);
  }
};

const b256 = (hex: Hex): Uint8Array => bytesOf(hex, 32);

const writeUtxoId = (writer: Writer, { txId, index }: UtxoId): Writer => writer.raw(b256(txId)).u64(index);
const writePointer = (writer: Writer, { height, index }: TxPointer): Writer => writer.u64(height).u64(index);

const writeContract = (writer: Writer, contract: Omit<ContractInput, "kind">): void => {
  writeUtxoId(writer, contract.utxoId).raw(b256(contract.balanceRoot)).raw(b256(contract.stateRoot));
  writePointer(writer, contract.txPointer).raw(b256(contract.contractId));
};

const writeInput = (writer: Writer, input: FuelInput): void => {
  writer.u64(inputKinds[input.kind]);
  if (input.kind === "contract") {
    writeContract(writer, input);
    return;
  }
  const { predicate, predicateData } = input;
  if (input.kind === "coin") {
    writeUtxoId(writer, input.utxoId).raw(b256(input.owner)).u64(input.amount).raw(b256(input.assetId));
    writePointer(writer, input.txPointer).u64(input.witnessIndex).u64(input.predicateGasUsed);
    writer.u64(sizeOf(predicate)).u64(sizeOf(predicateData));
  } else {
    writer.raw(b256(input.sender)).raw(b256(input.recipient)).u64(input.amount).raw(b256(input.nonce));
    writer.u64(input.witnessIndex).u64(input.predicateGasUsed);
    writer.u64(sizeOf(input.data)).u64(sizeOf(predicate)).u64(sizeOf(predicateData)).padded(bytesOf(input.data));
  }
  writer.padded(bytesOf(predicate)).padded(bytesOf(predicateData));
};

const writeOutput = (writer: Writer, output: FuelOutput): void => {
  writer.u64(outputKinds[output.kind]);
  if (output.kind === "contract") {
    writer.u64(output.inputIndex).raw(b256(output.balanceRoot)).raw(b256(output.stateRoot));
  } else if (output.kind === "contractCreated") {
    writer.raw(b256(output.contractId)).raw(b256(output.stateRoot));
  } else {
    writer.raw(b256(output.to)).u64(output.amount).raw(b256(output.assetId));
  }
};

const writeMint = (writer: Writer, mint: MintTransaction): void => {
  writePointer(writer.u64(kinds.mint), mint.txPointer);
  writeContract(writer, mint.inputContract);
  const { inputIndex, balanceRoot, stateRoot } = mint.outputContract;
  writer.u64(inputIndex).raw(b256(balanceRoot)).raw(b256(stateRoot));
  writer.u64(mint.mintAmount).raw(b256(mint.mintAssetId)).u64(mint.gasPrice);
};

const writeChargeable = (writer: Writer, transaction: ChargeableTransaction): void => {
  const { policies, inputs, outputs, witnesses } = transaction;
  writer.u64(kinds[transaction.kind]);
  if (transaction.kind === "script") {
    writer.u64(transaction.scriptGasLimit).raw(b256(transaction.receiptsRoot));
    writer.u64(sizeOf(transaction.script)).u64(sizeOf(transaction.scriptData));
  } else if (transaction.kind === "create") {
    writer.u64(transaction.bytecodeWitnessIndex).raw(b256(transaction.salt)).u64(transaction.storageSlots.length);
  } else {
    writer.raw(b256(transaction.blobId)).u64(transaction.witnessIndex);
  }
  const bits = policyNames.reduce((sum, name, i) => (policies[name] === undefined ? sum : sum | (1 << i)), 0);
  writer.u64(bits).u64(inputs.length).u64(outputs.length).u64(witnesses.length);
  if (transaction.kind === "script") {
    writer.padded(bytesOf(transaction.script)).padded(bytesOf(transaction.scriptData));
  } else if (transaction.kind === "create") {
    for (const { key, value } of transaction.storageSlots) writer.raw(b256(key)).raw(b256(value));
  }
  for (const name of policyNames) if (policies[name] !== undefined) writer.u64(policies[name]);
  for (const input of inputs) writeInput(writer, input);
  for (const output of outputs) writeOutput(writer, output);
  for (const witness of witnesses) writer.u64(sizeOf(witness)).padded(bytesOf(witness));
};

/** @throws LockstepError `undecodable` where a field is not what it must be */
export const encodeTransaction = (transaction: FuelTransaction): Uint8Array => {
  const writer = createWriter();
  if (transaction.kind === "mint") writeMint(writer, transaction);
  else writeChargeable(writer, transaction);
  return writer.done();
};

const unsignedInput = (input: FuelInput): FuelInput => {
  switch (input.kind) {
    case "coin":
      return { ...input, txPointer: nowhere, predicateGasUsed: 0n };
    case "contract":
      return { ...input, utxoId: noUtxo, balanceRoot: zero32, stateRoot: zero32, txPointer: nowhere };
    case "message":
      return { ...input, predicateGasUsed: 0n };
  }
};

const unsignedOutput = (output: FuelOutput): FuelOutput => {
  switch (output.kind) {
    case "contract":
      return { ...output, balanceRoot: zero32, stateRoot: zero32 };
    case "change":
      return { ...output, amount: 0n };
    case "variable":
      return { kind: "variable", to: zero32, amount: 0n, assetId: zero32 };
    default:
      return output;
  }
};

/** The part of a transaction that is signed: malleable fields are zero, witnesses left out. */
const unsigned = (transaction: ChargeableTransaction): ChargeableTransaction => {
  const inputs = transaction.inputs.map(unsignedInput);
  const outputs = transaction.outputs.map(unsignedOutput);
  const stripped = { ...transaction, inputs, outputs, witnesses: [] };
  return stripped.kind === "script" ? { ...stripped, receiptsRoot: zero32 } : stripped;
};

const unsignedMint = (mint: MintTransaction): MintTransaction => ({
  ...mint,
  inputContract: { ...mint.inputContract, utxoId: noUtxo, balanceRoot: zero32, stateRoot: zero32, txPointer: nowhere },
  outputContract: { ...mint.outputContract, balanceRoot: zero32, stateRoot: zero32 },
});

/** What signers sign and everybody knows a transaction by: sha256(chain id u64 ‖ the signed part). */
export const transactionId = (chainId: bigint | number, transaction: FuelTransaction): Hex => {
  const signed = transaction.kind === "mint" ? unsignedMint(transaction) : unsigned(transaction);
  return toHex(sha256(concatBytes(createWriter().u64(chainId).done(), encodeTransaction(signed))));
};

/** Transactions that can't be taken: the VM's own error, and nobody is the worse for it. */
import fc from "fast-check";
import { privateKeyToAccount } from "viem/accounts";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { controlDomain } from "../../protocol/control.ts";
import { expectExecuted } from "./agreement.ts";
import { rpc, submit, transaction, transactionById, until } from "./api.ts";
import { dataDomain, evmDomain } from "./domains.ts";
import { expectUnharmed, fund, rpcOf, type Signed, sign } from "./transfers.ts";

const devnet = inject("devnet");
const [first = "", second = ""] = devnet.validators.map((_, index) => rpcOf(devnet, index));
const apis = devnet.validators.map(({ api }) => api);

expectUnharmed(devnet);

let key: Hex;
beforeAll(async () => {
  key = await fund(devnet);
});

const send = (raw: string, at = first) => rpc(at, "eth_sendRawTransaction", raw);

const refusal = async (raw: string): Promise<string> => {
  const { result, error } = await send(raw);
  expect(result).toBeUndefined();
  expect(error?.code).toBe(-32000);
  return error?.message ?? "";
};

const gwei = 10n ** 9n;
/** Half of the order of secp256k1, above which EIP-2 refuses `s`. */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

describe("eth_sendRawTransaction refuses in geth's words", () => {
  test("a truncated transaction, and one with bytes after its end", async () => {
    const { raw } = await sign(key, {});
    expect(await refusal(raw.slice(0, -2))).toMatch(/could not decode transaction/);
    expect(await refusal(`${raw}00`)).toMatch(/could not decode transaction/);
    expect(await refusal("0x")).toMatch(/could not decode transaction/);
  });

  test("one above 128 KiB", async () => {
    const { raw } = await sign(key, { data: `0x${"00".repeat(128 * 1024)}`, gas: 30_000_000n });
    expect(await refusal(raw)).toMatch(/oversized data/);
  });

  test("one for another chain", async () => {
    expect(await refusal((await sign(key, { chainId: 1 })).raw)).toMatch(/invalid chain id for signer/);
  });

  test("a signature that is none, and the malleable twin of a good one", async () => {
    const { signature, withSignature } = await sign(key, {});
    const broken = withSignature({ ...signature, r: 0n });
    expect(await refusal(broken)).toMatch(/invalid sender|could not decode/);
    const twin = withSignature({ r: signature.r, s: order - signature.s, yParity: 1 - signature.yParity });
    expect(await refusal(twin)).toMatch(/invalid sender/);
  });

  test("a nonce that is used, and one far above", async () => {
    const used: Signed = await sign(key, { nonce: 0 });
    const { result } = await send(used.raw);
    expect(result).toBe(used.hash);
    await expectExecuted(apis, [{ domain: evmDomain, nativeId: used.hash }]);
    expect(await refusal((await sign(key, { nonce: 0, value: 2n })).raw)).toMatch(/nonce too low/);
    expect(await refusal((await sign(key, { nonce: 100_000 })).raw)).toMatch(/nonce too high/);
  });

  test("more than the account has, from a funded account and from an empty one", async () => {
    expect(await refusal((await sign(key, { nonce: 1, value: 10n ** 24n })).raw)).toMatch(/insufficient funds/);
    const empty: Hex = `0x${"5e".repeat(32)}`;
    expect(await refusal((await sign(empty, {})).raw)).toMatch(/insufficient funds/);
  });

  test("too little gas for what every transaction costs, and more than a block or a transaction may use", async () => {
    expect(await refusal((await sign(key, { nonce: 1, gas: 20_999n })).raw)).toMatch(/intrinsic gas too low/);
    expect(await refusal((await sign(key, { nonce: 1, gas: 30_000_001n })).raw)).toMatch(/exceeds block gas limit/);
  });

  test("blob transactions", async () => {
    const account = privateKeyToAccount(key);
    const raw = await account.signTransaction({
      type: "eip4844",
      chainId: evmDomain,
      nonce: 1,
      to: account.address,
      gas: 21_000n,
      maxFeePerGas: 100n * gwei,
      maxPriorityFeePerGas: gwei,
      maxFeePerBlobGas: gwei,
      blobVersionedHashes: [`0x01${"00".repeat(31)}`],
      sidecars: false,
    });
    expect(await refusal(raw)).toMatch(/transaction type not supported/);
  });

  test("anything that isn't one hexadecimal string: -32602", async () => {
    for (const params of [[], [1], [null], ["0xzz"], ["0x123"], ["f86c"], [{}], ["0x00", "0x00"]]) {
      const { error } = await rpc(first, "eth_sendRawTransaction", ...params);
      expect(error).toMatchObject({ code: -32602, message: expect.stringMatching(/\w+ \w+/) });
    }
  });
});

test("a fee below the base fee: it comes to its end at all validators, and its nonce stays free", async () => {
  const account = await fund(devnet);
  const poor = await sign(account, { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n });
  const [answer] = await submit(apis[1] ?? "", evmDomain, poor.raw);
  if (answer?.error === undefined) {
    for (const api of apis) {
      const end = await until("its end", async () => {
        const found = await transactionById(api, answer?.id ?? "0x");
        return found?.status === "omitted" && found;
      });
      expect(end).toMatchObject({ domain: evmDomain, reason: "fee_too_low" });
    }
  } else expect(answer.error).toMatchObject({ code: "fee_too_low", message: expect.stringMatching(/\w+ \w+/) });

  const paid = await sign(account, {});
  expect((await send(paid.raw, second)).result).toBe(paid.hash);
  await expectExecuted(apis, [{ domain: evmDomain, nativeId: paid.hash }]);
});

describe("a nonce above a gap", () => {
  test("is acknowledged, and executed once the gap is filled, through whichever validator", async () => {
    const account = await fund(devnet);
    const [zero, one, two, three] = await Promise.all([0, 1, 2, 3].map((nonce) => sign(account, { nonce })));
    const all = [zero, one, two, three] as Signed[];
    expect((await send((three as Signed).raw)).result).toBe(three?.hash);
    expect((await send((one as Signed).raw)).result).toBe(one?.hash);
    expect((await transaction(apis[0] ?? "", evmDomain, (three as Signed).hash))?.status).toBe("pending");

    expect((await send((zero as Signed).raw, second)).result).toBe(zero?.hash);
    expect((await send((two as Signed).raw)).result).toBe(two?.hash);
    await expectExecuted(
      apis,
      all.map(({ hash }) => ({ domain: evmDomain, nativeId: hash })),
    );
  });

  test("is replaced by an offer of a tenth more, and by no less", async () => {
    const account = await fund(devnet);
    const waiting = await sign(account, { nonce: 1 });
    expect((await send(waiting.raw)).result).toBe(waiting.hash);
    expect(await refusal(waiting.raw)).toMatch(/already known/);
    const underpriced = await sign(account, { nonce: 1, maxFeePerGas: 109n * gwei, maxPriorityFeePerGas: 2n * gwei });
    expect(await refusal(underpriced.raw)).toMatch(/replacement transaction underpriced/);

    const better = await sign(account, { nonce: 1, maxFeePerGas: 110n * gwei, maxPriorityFeePerGas: 2n * gwei });
    expect((await send(better.raw)).result).toBe(better.hash);
    const filler = await sign(account, { nonce: 0 });
    expect((await send(filler.raw)).result).toBe(filler.hash);
    await expectExecuted(
      apis,
      [filler, better].map(({ hash }) => ({ domain: evmDomain, nativeId: hash })),
    );
    await until("the status of what was replaced", async () => {
      const { status } = (await transaction(apis[0] ?? "", evmDomain, waiting.hash)) ?? {};
      return status === undefined || status === "replaced";
    });
  });
});

/** What a tenant may say to bytes that are no transaction of its VM. */
const expectedCodes: Readonly<Record<number, RegExp>> = {
  [dataDomain]: /^(already_known|undecodable|duplicate)$/,
  [evmDomain]: /^(undecodable|unsupported)$/,
  [controlDomain]: /^undecodable$/,
};
const randomBytes = fc.uint8Array({ maxLength: 400 });

describe("random bytes", () => {
  test("get -32000 and a sentence from eth_sendRawTransaction", async () => {
    await fc.assert(
      fc.asyncProperty(randomBytes, async (bytes) => {
        const { error } = await send(toHex(bytes));
        expect(error).toMatchObject({ code: -32000, message: expect.stringMatching(/^[a-z].* /) });
      }),
      { numRuns: 300 },
    );
  });

  test("get a code and a sentence, or a place in the order of the data tenant, from POST /v1/transactions", async () => {
    const property = fc.asyncProperty(
      fc.array(randomBytes, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(dataDomain, evmDomain, 0, 7, 2 ** 32 - 1),
      fc.nat(3),
      async (transactions, domain, entry) => {
        const answers = await submit(apis[entry] ?? "", domain, ...transactions.map(toHex));
        expect(answers).toHaveLength(transactions.length);
        for (const answer of answers) {
          if (domain === dataDomain && answer.id !== undefined) continue;
          expect(answer.error?.message).toMatch(/\w+ \w+/);
          expect(answer.error?.code).toMatch(expectedCodes[domain] ?? /^unknown_tenant$/);
        }
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });
});

/** The gateway's functions as Sway's tools describe them (https://docs.fuel.network/docs/specs/abi/json-abi-format). */

/** Hexadecimal; nothing hashes them here, so they need only be different. */
const types = { nothing: "a".repeat(64), b256: "b".repeat(64), u32: "c".repeat(64), u64: "d".repeat(64) } as const;
const bytesType = "e".repeat(64);

type Input = { name: string; concreteTypeId: string };
const input = (name: string, concreteTypeId: string): Input => ({ name, concreteTypeId });

const fn = (name: string, inputs: Input[], output: string, attributes: string[] = []) => ({
  ...{ name, inputs, output },
  attributes: attributes.map((attribute) => ({ name: attribute, arguments: [] })),
});

export const gatewayAbi = {
  programType: "contract",
  specVersion: "1",
  encodingVersion: "1",
  concreteTypes: [
    { type: "()", concreteTypeId: types.nothing },
    { type: "b256", concreteTypeId: types.b256 },
    { type: "u32", concreteTypeId: types.u32 },
    { type: "u64", concreteTypeId: types.u64 },
    { type: "struct std::bytes::Bytes", concreteTypeId: bytesType, metadataTypeId: 1 },
  ],
  metadataTypes: [
    { type: "raw untyped ptr", metadataTypeId: 0 },
    {
      type: "struct std::bytes::Bytes",
      metadataTypeId: 1,
      components: [
        { name: "buf", typeId: 2 },
        { name: "len", typeId: types.u64 },
      ],
    },
    {
      type: "struct std::bytes::RawBytes",
      metadataTypeId: 2,
      components: [
        { name: "ptr", typeId: 0 },
        { name: "cap", typeId: types.u64 },
      ],
    },
  ],
  functions: [
    fn("requireBundle", [input("id", types.b256)], types.nothing, ["storage"]),
    fn(
      "sendSync",
      [
        input("destination", types.u32),
        input("recipient", types.b256),
        input("index", types.u32),
        input("body", bytesType),
      ],
      types.nothing,
      ["storage"],
    ),
    fn("consume", [input("origin", types.u32), input("sender", types.b256), input("index", types.u32)], bytesType, [
      "storage",
    ]),
    fn("deposit", [input("sponsor", types.b256)], types.nothing, ["payable"]),
    fn(
      "withdraw",
      [
        input("recipient", types.b256),
        input("sponsor", types.b256),
        input("nonce", types.u64),
        input("output", types.u64),
      ],
      types.nothing,
      ["storage"],
    ),
  ],
  loggedTypes: [],
  messagesTypes: [],
  configurables: [],
};

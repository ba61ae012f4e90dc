// Compiles the C programs of this repository for Solana's VM, to the ELF files that are committed beside them. Needs
// clang 19 (`apt-get install clang-19`); nothing else of this repository does.
//
//   node scripts/sbf.mjs

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["adapters/svm/contracts", "devnet/examples/flash-loan", "test/contracts/svm"];

/** Sections of a relocatable ELF of 64 bits, little-endian. */
const sectionsOf = (elf) => {
  const [offset, count, names] = [Number(elf.readBigUInt64LE(40)), elf.readUInt16LE(60), elf.readUInt16LE(62)];
  const headers = Array.from({ length: count }, (_, i) => elf.subarray(offset + 64 * i, offset + 64 * (i + 1)));
  const bytesOf = (header) => {
    const start = Number(header.readBigUInt64LE(24));
    return elf.subarray(start, start + Number(header.readBigUInt64LE(32)));
  };
  const text = bytesOf(headers[names]);
  const nameOf = (header) => text.toString("latin1", header.readUInt32LE(0)).split("\0", 1)[0];
  return headers.map((header) => ({
    name: nameOf(header),
    type: header.readUInt32LE(4),
    size: Number(header.readBigUInt64LE(32)),
    bytes: header.readUInt32LE(4) === 8 ? Buffer.alloc(0) : bytesOf(header),
  }));
};

/** The one function of an object file, and which of its instructions call the system by which name. */
const codeOf = (object) => {
  const sections = sectionsOf(object);
  const find = (name) => sections.find((section) => section.name === name)?.bytes ?? Buffer.alloc(0);
  const data = sections.find(({ name, size }) => /^\.(data|bss|rodata)/.test(name) && size > 0);
  if (data !== undefined) throw new Error(`the program has constants or variables in ${data.name}: it must not`);
  const [symbols, names, relocations] = [find(".symtab"), find(".strtab"), find(".rel.text")];
  const calls = Array.from({ length: relocations.length / 16 }, (_, i) => {
    const place = Number(relocations.readBigUInt64LE(16 * i));
    const symbol = symbols.subarray(24 * relocations.readUInt32LE(16 * i + 12));
    const name = names.toString("latin1", symbol.readUInt32LE(0)).split("\0", 1)[0];
    if (symbol.readUInt16LE(6) !== 0) throw new Error(`${name} is called and not inlined`);
    return { place, name };
  });
  return { code: find(".text"), calls };
};

const pad = (bytes) => Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);

/** Little-endian integers, each with its size in bytes. */
const packed = (...fields) =>
  Buffer.concat(
    fields.map(([value, size]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      return bytes.subarray(0, size);
    }),
  );

/** Texts with a zero behind each, and where each begins. */
const strings = (texts) => {
  const bytes = Buffer.from(["", ...texts].map((text) => `${text}\0`).join(""), "latin1");
  return { bytes, at: (text) => bytes.indexOf(`\0${text}\0`) + 1 };
};

const kinds = { null: 0, code: 1, strings: 3, dynamic: 6, relocations: 9, symbols: 11 };
const callRelocation = 10;

/**
 * The ELF file of a program of version 0, whose addresses are offsets in the file: code that begins with its entry
 * point, and relocations that name what it calls of the system.
 */
const elfOf = ({ code, calls }) => {
  const names = [...new Set(calls.map(({ name }) => name))];
  const called = strings(names);
  const symbols = Buffer.concat([
    Buffer.alloc(24),
    ...names.map((name) => packed([called.at(name), 4], [0x10, 1], [0, 1], [0, 2], [0, 8], [0, 8])),
  ]);
  const start = 64 + 2 * 56;
  const relocations = Buffer.concat(
    calls.map(({ place, name }) => packed([start + place, 8], [callRelocation, 4], [names.indexOf(name) + 1, 4])),
  );
  const symbolsAt = start + code.length;
  const calledAt = symbolsAt + symbols.length;
  const relocationsAt = calledAt + pad(called.bytes).length;
  const dynamicAt = relocationsAt + relocations.length;
  const entries = [
    [17, relocationsAt],
    [18, relocations.length],
    [19, 16],
    [5, calledAt],
    [10, called.bytes.length],
    [6, symbolsAt],
    [11, 24],
    [0, 0],
  ];
  const dynamic = Buffer.concat(entries.map(([tag, value]) => packed([tag, 8], [value, 8])));
  const sections = [".text", ".dynsym", ".dynstr", ".rel.dyn", ".dynamic", ".shstrtab"];
  const titles = strings(sections);
  const titlesAt = dynamicAt + dynamic.length;
  const sectionsAt = titlesAt + pad(titles.bytes).length;
  const section = (name, kind, flags, at, size, link, info, entrySize) =>
    packed(
      [name === "" ? 0 : titles.at(name), 4],
      [kind, 4],
      [flags, 8],
      [flags === 0 ? 0 : at, 8],
      [at, 8],
      [size, 8],
      [link, 4],
      [info, 4],
      [8, 8],
      [entrySize, 8],
    );
  const segment = (kind, flags, at, size) =>
    packed([kind, 4], [flags, 4], [at, 8], [at, 8], [at, 8], [size, 8], [size, 8], [8, 8]);
  return Buffer.concat([
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    packed(
      [3, 2],
      [247, 2],
      [1, 4],
      [start, 8],
      [64, 8],
      [sectionsAt, 8],
      [0, 4],
      [64, 2],
      [56, 2],
      [2, 2],
      [64, 2],
      [7, 2],
      [6, 2],
    ),
    segment(1, 5, start, titlesAt - start),
    segment(2, 4, dynamicAt, dynamic.length),
    code,
    symbols,
    pad(called.bytes),
    relocations,
    dynamic,
    pad(titles.bytes),
    Buffer.alloc(64),
    section(".text", kinds.code, 6, start, code.length, 0, 0, 0),
    section(".dynsym", kinds.symbols, 2, symbolsAt, symbols.length, 3, 1, 24),
    section(".dynstr", kinds.strings, 2, calledAt, called.bytes.length, 0, 0, 0),
    section(".rel.dyn", kinds.relocations, 2, relocationsAt, relocations.length, 2, 0, 16),
    section(".dynamic", kinds.dynamic, 3, dynamicAt, dynamic.length, 3, 0, 16),
    section(".shstrtab", kinds.strings, 0, titlesAt, titles.bytes.length, 0, 0, 0),
  ]);
};

const compile = (source) => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-sbf-"));
  const object = join(folder, "program.o");
  const include = join(root, "adapters/svm/contracts");
  const flags = [
    "-target",
    "bpfel",
    "-mcpu=v1",
    "-O2",
    "-ffreestanding",
    "-fno-builtin",
    "-fno-jump-tables",
    // A frame of Solana's VM, not one of the kernel's.
    "-mllvm",
    "-bpf-stack-size=4096",
    "-std=c11",
    "-Wall",
    "-Werror",
  ];
  const { status, error } = spawnSync("clang-19", [...flags, "-I", include, "-c", source, "-o", object], {
    stdio: "inherit",
  });
  if (error) throw new Error("clang-19 is missing: apt-get install clang-19");
  if (status !== 0) throw new Error(`${source} does not compile`);
  const elf = elfOf(codeOf(readFileSync(object)));
  rmSync(folder, { recursive: true });
  return elf;
};

for (const folder of folders) {
  for (const name of readdirSync(join(root, folder)).filter((each) => each.endsWith(".c"))) {
    const source = join(root, folder, name);
    const target = source.replace(/\.c$/, ".so");
    writeFileSync(target, compile(source));
    console.log(relative(root, target));
  }
}

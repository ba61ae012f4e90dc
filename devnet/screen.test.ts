import { describe, expect, test } from "vitest";
import { createScreen, eventSentence, statusLine } from "./screen.ts";

describe("status line", () => {
  test("takes the furthest answers, and counts who answered", () => {
    const status = { height: 1234, certified: 1232, peers: 3, pending: 0 };
    const behind = { height: 1200, certified: 1198, peers: 3, pending: 7 };
    expect(statusLine([status, behind, undefined, status])).toBe(
      "height 1234 · certified 1232 · 3/4 validators · 7 pending",
    );
  });

  test("when nobody answers", () => {
    expect(statusLine([undefined])).toBe("height 0 · certified 0 · 0/1 validators · 0 pending");
  });
});

describe("screen", () => {
  const record = (isTerminal: boolean) => {
    let written = "";
    const screen = createScreen((text) => {
      written += text;
    }, isTerminal);
    return { screen, written: () => written };
  };

  test("on a terminal the status changes in place and stays below what is printed", () => {
    const { screen, written } = record(true);
    screen.status("height 1");
    screen.status("height 1");
    screen.print("validator 2 ended\n");
    screen.status("height 2");
    expect(written()).toBe("\r\x1b[2Kheight 1\r\x1b[2Kvalidator 2 ended\nheight 1\r\x1b[2Kheight 2");
  });

  test("elsewhere there is no status and no escape sequence", () => {
    const { screen, written } = record(false);
    screen.status("height 1");
    screen.print("validator 2 ended\n");
    expect(written()).toBe("validator 2 ended\n");
  });
});

test("events read as sentences", () => {
  const exited = { event: "validator_exited", index: 2, pid: 77, code: null, signal: "SIGKILL", reason: "" } as const;
  expect(eventSentence(exited)).toBe("validator 2 (process 77) ended by SIGKILL");
  expect(eventSentence({ ...exited, code: 1, signal: null, reason: "lockstep: the disk is full" })).toBe(
    "validator 2 (process 77) ended with code 1: lockstep: the disk is full",
  );
});

import { expect, test } from "vitest";
import { createSeats } from "./seats.ts";

const hall = (most: number) => {
  const seats = createSeats(most);
  const gone: string[] = [];
  const take = (host: string, name: string, busy = false) =>
    seats.take({ host, isBusy: () => busy, evict: () => gone.push(name) });
  return { seats, gone, take };
};

test("nobody goes as long as there are places", () => {
  const { seats, gone, take } = hall(3);
  take("a", "a1");
  const leave = take("a", "a2");
  take("b", "b1");
  leave();
  take("b", "b2");
  expect(gone).toEqual([]);
  expect(seats.taken).toBe(3);
});

test("the host with the most gives up its oldest idle place", () => {
  const { seats, gone, take } = hall(3);
  take("b", "b1");
  take("a", "a1", true);
  take("a", "a2");
  take("b", "b2");
  take("a", "a3");
  expect(gone).toEqual(["b1", "a2"]);
  expect([seats.taken, seats.evicted]).toEqual([3, 2]);
});

test("where all are busy, the newest of the greediest host goes, which may be who has just come", () => {
  const { gone, take } = hall(2);
  take("a", "a1", true);
  take("a", "a2", true);
  take("a", "a3", true);
  take("b", "b1", true);
  expect(gone).toEqual(["a3", "a2"]);
});

/** Processes of the benchmark's own, so that what generates load never runs where something is measured. */
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

type Answer<T> = { value: T } | { error: string };

export type Worker<Request, Value> = {
  pid: number;
  /** One request at a time. Rejects with what went wrong there, or when the process ends. */
  ask(request: Request): Promise<Value>;
  end(): Promise<void>;
};

const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** Starts `file` of this folder. */
export const startWorker = <Request, Value>(file: string): Worker<Request, Value> => {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: ["--import", loader],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    ask: (request) =>
      new Promise((resolve, reject) => {
        const fail = () => reject(new Error(`${file} ended`));
        child.once("exit", fail);
        child.once("message", (answer: Answer<Value>) => {
          child.off("exit", fail);
          if ("error" in answer) reject(new Error(answer.error));
          else resolve(answer.value);
        });
        child.send(request as object, (error) => error && reject(error));
      }),
    end: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
};

/** The other side: answers requests until the benchmark ends. */
export const serve = <Request, Value>(handle: (request: Request) => Promise<Value>): void => {
  process.on("message", (request: Request) => {
    handle(request).then(
      (value) => process.send?.({ value } satisfies Answer<Value>),
      (error: Error) => process.send?.({ error: error.stack ?? String(error) } satisfies Answer<Value>),
    );
  });
  process.on("disconnect", () => process.exit(0));
};

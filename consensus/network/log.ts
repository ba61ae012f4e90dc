/** What the transport tells its operator; any pino logger will do. */
export type Log = Readonly<Record<"debug" | "info" | "warn", (fields: object, message: string) => void>>;

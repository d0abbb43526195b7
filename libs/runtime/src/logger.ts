/** Structured logs: one line a record, as JSON or as `key=value` text, over pino. */
import { CODE_MEANINGS, FlamelakeError } from '@flamelake/model';
import { type Logger as PinoLogger, pino } from 'pino';
import { createLineLimit } from './line-limit.ts';
import { textLine } from './log-text.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What varies in a log line. Errors are written with code, details, stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Messages are constant; what varies is in the fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Logs a failure at the level of its code, under the field `error`. */
  failure(message: string, error: unknown, fields?: LogFields): void;
  /** A logger that adds `fields` to each line. */
  child(fields: LogFields): Logger;
  isEnabled(level: LogLevel): boolean;
}

export interface LoggerOptions {
  readonly level?: LogLevel | 'silent';
  readonly format?: 'json' | 'text';
  /** Takes whole lines, newline included. Standard error by default. */
  readonly write?: (line: string) => void;
  /** Monotonic time, by which repeated lines are limited; the system's by default. */
  readonly nowMs?: () => number;
}

/** Causes of an error that are written. */
const CAUSES_MAX = 8;

/** Makes the logger of a process. Lines are written before the call returns. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const write = options.write ?? standardError();
  const format = options.format ?? 'json';
  const destination = { write: format === 'json' ? write : (line: string) => write(textLine(line)) };
  const settings = {
    level: options.level ?? 'info',
    base: null,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return wrap(pino(settings, destination), createLineLimit(options.nowMs ?? (() => performance.now())));
}

function standardError(): (line: string) => void {
  const destination = pino.destination({ fd: 2, sync: true });
  return (line) => {
    destination.write(line);
  };
}

function wrap(inner: PinoLogger, limit: ReturnType<typeof createLineLimit>): Logger {
  const log = (level: LogLevel, message: string, fields: LogFields) => {
    if (!inner.isLevelEnabled(level)) return;
    // Who asks for debug lines wants them all.
    const suppressed = level === 'debug' ? 0 : limit(message);
    if (suppressed === undefined) return;
    inner[level](plainFields(suppressed === 0 ? fields : { ...fields, suppressed }), message);
  };
  return {
    debug: (message, fields = {}) => log('debug', message, fields),
    info: (message, fields = {}) => log('info', message, fields),
    warn: (message, fields = {}) => log('warn', message, fields),
    error: (message, fields = {}) => log('error', message, fields),
    failure(message, error, fields = {}) {
      const level = error instanceof FlamelakeError ? CODE_MEANINGS[error.code].logLevel : 'error';
      log(level, message, { ...fields, error });
    },
    child: (fields) => wrap(inner.child(plainFields(fields)), limit),
    isEnabled: (level) => inner.isLevelEnabled(level),
  };
}

/** Fields as JSON can hold them. */
function plainFields(fields: LogFields): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) plain[name] = plainValue(value);
  return plain;
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Error ? plainError(value, CAUSES_MAX) : value;
}

/** A refusal says what was wrong with the request; where our code noticed would fill the log of a server with a bad client. */
function isClientFault(error: Error): boolean {
  return error instanceof FlamelakeError && CODE_MEANINGS[error.code].logLevel === 'info';
}

function plainError(error: Error, causesMax: number): Record<string, unknown> {
  const plain: Record<string, unknown> = { name: error.name, message: error.message };
  if ('code' in error) plain.code = error.code;
  if (error instanceof FlamelakeError) plain.details = plainFields(error.details);
  if (!isClientFault(error)) plain.stack = error.stack;
  if (error.cause instanceof Error) plain.cause = causesMax > 0 ? plainError(error.cause, causesMax - 1) : '…';
  else if (error.cause !== undefined) plain.cause = plainValue(error.cause);
  return plain;
}

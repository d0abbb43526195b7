/**
 * One connection to one broker: made at the first request, and again at the first one after it broke. A broker answers the
 * requests of a connection one after the other, so what may wait (fetches) has connections of its own.
 */
import { isIP } from 'node:net';
import { FlamelakeError } from '@flamelake/model';
import { type API, type Callback, Connection } from '@platformatic/kafka';
import { kafkaClientError } from './kafka-error.ts';
import { KAFKA_DEFAULTS, type KafkaConnectionOptions } from './kafka-options.ts';

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export interface KafkaConnection {
  /**
   * Sends a request and waits for its answer. Never tries again.
   * @throws {FlamelakeError} `unavailable` when there is no answer in time (then the connection is broken off), or what
   * the broker's error code means
   */
  request<Words extends unknown[], Answer>(api: API<Words, Answer>, ...words: Words): Promise<Answer>;
  close(): Promise<void>;
}

export interface KafkaConnectionLimits {
  /** Longest wait for an answer, ms. */
  readonly requestTimeoutMs: number;
  /** Requests under way at once; more wait for their turn. */
  readonly inFlightMax: number;
}

export function createKafkaConnection(
  options: KafkaConnectionOptions,
  address: BrokerAddress,
  limits: KafkaConnectionLimits,
): KafkaConnection {
  const { tls, sasl } = options;
  const broker = `${address.host}:${address.port}`;
  let current: Promise<Connection> | undefined;
  let isClosed = false;

  async function open(): Promise<Connection> {
    const opening = current;
    const connection = new Connection(options.clientId ?? KAFKA_DEFAULTS.clientId, {
      connectTimeout: options.connectTimeoutMs ?? KAFKA_DEFAULTS.connectTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      maxInflights: limits.inFlightMax,
      ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
      ...(tls === undefined
        ? {}
        : {
            tls: { ca: tls.ca, cert: tls.cert, key: tls.key, rejectUnauthorized: tls.isVerified ?? true },
            tlsServerName: isIP(address.host) === 0,
          }),
    });
    const forget = () => {
      if (current === opening) current = undefined;
    };
    // Without a listener an error would end the process; each request learns of it by itself.
    connection.on('error', forget);
    connection.once('close', forget);
    connection.once('closing', forget);
    try {
      await connection.connect(address.host, address.port);
      return connection;
    } catch (error) {
      forget();
      throw kafkaClientError(error, false, { broker });
    }
  }

  return {
    async request(api, ...words) {
      if (isClosed) throw new FlamelakeError('unavailable', 'kafka connection is closed', { broker });
      // `open` compares itself with `current`, so it must run when that is set.
      current ??= Promise.resolve().then(open);
      const connection = await current;
      return new Promise((resolve, reject) => {
        const onAnswer: Callback<unknown> = (error, answer) => {
          if (error === null) resolve(answer as never);
          else reject(kafkaClientError(error, true, { broker, api: api.key }));
        };
        // The client's types cannot say "these words, then a callback".
        (api as unknown as (...all: unknown[]) => void)(connection, ...words, onAnswer);
      });
    },
    async close() {
      isClosed = true;
      const last = current;
      current = undefined;
      const connection = await last?.catch(() => undefined);
      const closed = connection?.close();
      // The client would wait until a broker that stands still has taken what is on its way.
      connection?.socket.destroy();
      await closed;
    },
  };
}

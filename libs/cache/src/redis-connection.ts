/** Connections to Redis – one server, a master named by sentinels, a cluster – that fail at once instead of waiting. */
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';

export interface RedisTls {
  /** PEM text of the certificate authority; the system's by default. */
  readonly ca?: string;
  /** PEM texts of a client certificate. */
  readonly key?: string;
  readonly cert?: string;
  /** Name the server's certificate is for, where its address is not that name. */
  readonly serverName?: string;
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface RedisLogin {
  /** User of an access control list; the default user when absent. */
  readonly username?: string;
  readonly password?: string;
}

export interface RedisServer extends RedisLogin {
  /** `single`: the first address is the server. `sentinel`: all are sentinels. `cluster`: some nodes of it. */
  readonly mode: 'single' | 'sentinel' | 'cluster';
  readonly addresses: readonly RedisAddress[];
  /** Of the sentinels: what they call the master, and how to log in to themselves. */
  readonly masterName?: string;
  readonly sentinelLogin?: RedisLogin;
  /** Of a single server or a master. */
  readonly database?: number;
  readonly tls?: RedisTls;
  /** Longest wait for an answer, ms. */
  readonly commandTimeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 500;
/** Silence, with questions open, after which a connection is given up: a frozen master is left for the one that took over. */
const SOCKET_TIMEOUT_MS = 1_000;
const RECONNECT_MS = 200;
const RECONNECT_MS_MAX = 2_000;
const REDIRECTIONS_MAX = 3;
const REDIRECTION_DELAY_MS = 20;
const SLOTS_TIMEOUT_MS = 1_000;
const SLOTS_INTERVAL_MS = 5_000;

const reconnectDelay = (times: number) => Math.min(times * RECONNECT_MS, RECONNECT_MS_MAX);

/** Connects in the background, and again for ever. @param onError - told of every failure of a connection */
export function connectRedis(server: RedisServer, onError: (error: Error) => void): Redis | Cluster {
  const { mode, addresses, masterName, sentinelLogin, database, tls, commandTimeoutMs } = server;
  const secure = tls && { tls: tlsOptions(tls) };
  const common = {
    ...login(server),
    ...secure,
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    // A master that became a replica: look for the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
  const alone = { ...common, enableOfflineQueue: false, retryStrategy: reconnectDelay };
  const place = database === undefined ? {} : { db: database };
  let connection: Redis | Cluster;
  if (mode === 'cluster') {
    const options: ClusterOptions = {
      redisOptions: common,
      enableOfflineQueue: false,
      clusterRetryStrategy: reconnectDelay,
      maxRedirections: REDIRECTIONS_MAX,
      retryDelayOnFailover: REDIRECTION_DELAY_MS,
      retryDelayOnClusterDown: REDIRECTION_DELAY_MS,
      retryDelayOnTryAgain: REDIRECTION_DELAY_MS,
      slotsRefreshTimeout: SLOTS_TIMEOUT_MS,
      slotsRefreshInterval: SLOTS_INTERVAL_MS,
    };
    connection = new Cluster([...addresses], options);
  } else if (mode === 'sentinel') {
    connection = new Redis({
      ...alone,
      ...place,
      sentinels: [...addresses],
      name: masterName ?? 'mymaster',
      sentinelRetryStrategy: reconnectDelay,
      sentinelCommandTimeout: SOCKET_TIMEOUT_MS,
      ...(sentinelLogin?.username === undefined ? {} : { sentinelUsername: sentinelLogin.username }),
      ...(sentinelLogin?.password === undefined ? {} : { sentinelPassword: sentinelLogin.password }),
      ...(secure && { enableTLSForSentinelMode: true, sentinelTLS: secure.tls }),
    });
  } else connection = new Redis({ ...alone, ...place, ...addresses[0] });
  connection.on('error', onError);
  return connection;
}

function login({ username, password }: RedisLogin): RedisLogin {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

function tlsOptions({ serverName, ...pem }: RedisTls) {
  return serverName === undefined ? pem : { ...pem, servername: serverName };
}

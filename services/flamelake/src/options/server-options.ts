/** Options of the ports a process listens on. */
import type { OptionTable } from './option.ts';

const SECOND_MS = 1_000;

export const SERVER_OPTIONS = {
  'server.host': { kind: 'text', default: '0.0.0.0', description: 'address to listen on' },
  'server.port': {
    kind: 'integer',
    min: 0,
    max: 65_535,
    default: 4040,
    description: 'port for HTTP, Connect, gRPC and gRPC-Web; 0 picks one',
  },
  'server.drain-delay': {
    kind: 'duration',
    min: 0,
    max: 600 * SECOND_MS,
    default: 0,
    description: 'at SIGTERM, time to go on serving while /ready says 503, so that load balancers look elsewhere first',
  },
  'server.drain-timeout': {
    kind: 'duration',
    min: 0,
    max: 600 * SECOND_MS,
    default: 10 * SECOND_MS,
    description: 'then, longest time for requests in flight; what is left is cut',
  },
} as const satisfies OptionTable;

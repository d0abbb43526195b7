/** Calls between our own services; imported only where roles are processes of their own. */
export { type AddressSource, parseAddressSource, watchAddresses } from './internal-addresses.ts';
export type { InternalTls } from './internal-channel.ts';
export {
  createInternalClient,
  type InternalCallOptions,
  type InternalClient,
  type InternalClientOptions,
} from './internal-client.ts';
export {
  type InternalCall,
  type InternalServerOptions,
  type RunningInternalServer,
  startInternalServer,
} from './internal-server.ts';
export { newTraceContext } from './trace-context.ts';

/** The kinds of profiles that have names in `enabled-profiles`: those of Go's net/http/pprof, and of godeltaprof. */
export interface ProfileKind {
  readonly profileName: string;
  readonly path: string;
  readonly cumulative: readonly string[];
  /** Where godeltaprof answers, with the change since it was asked last. */
  readonly deltaPath?: string;
}

export const PROFILE_KINDS: Readonly<Record<string, ProfileKind>> = {
  cpu: { profileName: 'process_cpu', path: '/debug/pprof/profile', cumulative: [] },
  mem: {
    profileName: 'memory',
    path: '/debug/pprof/heap',
    cumulative: ['alloc_objects', 'alloc_space'],
    deltaPath: '/debug/pprof/delta_heap',
  },
  goroutines: { profileName: 'goroutines', path: '/debug/pprof/goroutine', cumulative: [] },
  mutex: {
    profileName: 'mutex',
    path: '/debug/pprof/mutex',
    cumulative: ['contentions', 'delay'],
    deltaPath: '/debug/pprof/delta_mutex',
  },
  block: {
    profileName: 'block',
    path: '/debug/pprof/block',
    cumulative: ['contentions', 'delay'],
    deltaPath: '/debug/pprof/delta_block',
  },
  godeltaprof_memory: { profileName: 'godeltaprof_memory', path: '/debug/pprof/delta_heap', cumulative: [] },
  godeltaprof_mutex: { profileName: 'godeltaprof_mutex', path: '/debug/pprof/delta_mutex', cumulative: [] },
  godeltaprof_block: { profileName: 'godeltaprof_block', path: '/debug/pprof/delta_block', cumulative: [] },
};

/** Credentials of S3: what they are, and how those that expire are kept fresh. */
import type { Clock } from '@flamelake/model';

export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string | undefined;
  /** When they end, ms since 1970; never when absent. */
  readonly expiresMs?: number | undefined;
}

/** Gives credentials that are good now. Throws FlamelakeError. */
export type S3CredentialSource = () => Promise<S3Credentials>;

/** Fresh ones are fetched this long before the old ones end, … */
const REFRESH_BEFORE_MS = 300_000;
/** … and a failed refresh is not repeated sooner than this while they last. */
const REFRESH_AGAIN_MS = 30_000;

/** Keeps what `fetch` gives until shortly before it expires; fetches once for all that wait. */
export function keepCredentials(fetch: S3CredentialSource, clock: Clock): S3CredentialSource {
  let kept: S3Credentials | undefined;
  let underWay: Promise<S3Credentials> | undefined;
  let notBeforeMs = 0;
  const refresh = (): Promise<S3Credentials> => {
    underWay ??= fetch().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  return async () => {
    const nowMs = clock.nowMs();
    const leftMs = kept === undefined ? 0 : (kept.expiresMs ?? Number.POSITIVE_INFINITY) - nowMs;
    if (kept !== undefined && (leftMs > REFRESH_BEFORE_MS || (leftMs > 0 && nowMs < notBeforeMs))) return kept;
    try {
      kept = await refresh();
    } catch (error) {
      if (kept === undefined || leftMs <= 0) throw error;
      notBeforeMs = nowMs + REFRESH_AGAIN_MS;
    }
    return kept;
  };
}

/** Credentials of S3. */
export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string | undefined;
  /** When they end, ms since 1970; never when absent. */
  readonly expiresMs?: number | undefined;
}

/** Gives credentials that are good now. Throws FlamelakeError. */
export type S3CredentialSource = () => Promise<S3Credentials>;

/** What a key management service says of itself. */
export interface KmsStatus {
  readonly version: string;
  /** `ok`, or what is wrong. */
  readonly healthz: string;
  /** The key it seals with now. */
  readonly keyID: string;
}

/** A seed that a service has sealed, and what it needs to open it again. */
export interface SealedSeed {
  readonly ciphertext: Buffer;
  readonly keyID: string;
  readonly annotations: ReadonlyMap<string, Buffer>;
}

/** A key management service: version 2 of the plugins' interface. Every call may fail, or take as long as its timeout allows. */
export interface KmsService {
  status(): Promise<KmsStatus>;
  /** @param uid names the request in both logs. */
  encrypt(plaintext: Buffer, uid: string): Promise<SealedSeed>;
  decrypt(sealed: SealedSeed, uid: string): Promise<Buffer>;
  close(): void;
}

/** Where a service listens. */
export interface KmsEndpoint {
  readonly name: string;
  /** `unix:///path`, or `unix:///@name` for Linux's abstract names. */
  readonly endpoint: string;
  /** Milliseconds a call may take. */
  readonly timeout: number;
}

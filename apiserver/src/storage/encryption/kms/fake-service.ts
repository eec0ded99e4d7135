import assert from 'node:assert/strict';
import type { KmsService, KmsStatus, SealedSeed } from './types.ts';

/** A service that adds nothing to what it seals, for tests; its state can be changed. */
export class FakeService implements KmsService {
  keyID = 'key-1';
  /** What every call fails with, if it does. */
  fault = '';
  opened = 0;

  async status(): Promise<KmsStatus> {
    this.#answer();
    return { version: 'v2', healthz: 'ok', keyID: this.keyID };
  }

  async encrypt(plaintext: Buffer): Promise<SealedSeed> {
    this.#answer();
    const annotations = new Map([['a.example.com', Buffer.from('b')]]);
    return { ciphertext: Buffer.from(plaintext.map((byte) => byte ^ 1)), keyID: this.keyID, annotations };
  }

  async decrypt({ ciphertext, annotations }: SealedSeed): Promise<Buffer> {
    assert.equal(annotations.get('a.example.com')?.toString(), 'b');
    this.#answer();
    this.opened++;
    return Buffer.from(ciphertext.map((byte) => byte ^ 1));
  }

  close(): void {}

  #answer(): void {
    if (this.fault) throw new Error(this.fault);
  }
}

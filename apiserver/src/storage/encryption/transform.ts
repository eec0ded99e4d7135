import { createCipheriv, createDecipheriv } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { isSealed } from './sealed.ts';

/** Turns values into what is stored, and back. Its form is upstream's, so that either server reads what the other wrote. */
export interface Transformer {
  /** Under what the stored value begins with; empty for values in clear. */
  readonly prefix: Buffer;
  /** @param key where the value is stored: it cannot be moved to another place unnoticed. @param nonce `nonceLength` random bytes, never used before. */
  seal(value: Buffer, key: string, nonce: Buffer): Buffer;
  /** @throws when the value was changed, moved, or sealed with another key. */
  open(stored: Buffer, key: string): Buffer;
  readonly nonceLength: number;
  /** Fetches what opens a value from where it lies; undefined when `open` needs nothing more. */
  prepare?(stored: Buffer): Promise<void> | undefined;
  /** Whether it would seal with the same key again; so it is, unless told. */
  isCurrent?(stored: Buffer): boolean;
}

const tagLength = 16;

/** AES in Galois/counter mode, with a key of 16, 24 or 32 bytes. */
export function aesgcm(name: string, secret: Buffer): Transformer {
  const prefix = Buffer.from(`k8s:enc:aesgcm:v1:${name}:`);
  const algorithm = gcmOf(secret);
  const nonceLength = 12;
  return {
    prefix,
    nonceLength,
    seal(value, key, nonce) {
      const cipher = createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(key));
      return Buffer.concat([prefix, nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
    },
    open(stored, key) {
      const sealed = stored.subarray(prefix.length);
      if (sealed.length < nonceLength + tagLength) throw new Error('the stored data was shorter than the required size');
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, nonceLength)).setAAD(Buffer.from(key));
      decipher.setAuthTag(sealed.subarray(-tagLength));
      return Buffer.concat([decipher.update(sealed.subarray(nonceLength, -tagLength)), decipher.final()]);
    },
  };
}

/** AES in cipher block chaining mode with PKCS #7 padding. */
export function aescbc(name: string, secret: Buffer): Transformer {
  const prefix = Buffer.from(`k8s:enc:aescbc:v1:${name}:`);
  const algorithm = `aes-${secret.length * 8}-cbc`;
  const nonceLength = 16;
  return {
    prefix,
    nonceLength,
    seal(value, _key, nonce) {
      const cipher = createCipheriv(algorithm, secret, nonce);
      return Buffer.concat([prefix, nonce, cipher.update(value), cipher.final()]);
    },
    open(stored) {
      const sealed = stored.subarray(prefix.length);
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, nonceLength));
      return Buffer.concat([decipher.update(sealed.subarray(nonceLength)), decipher.final()]);
    },
  };
}

/** XSalsa20 and Poly1305, with a key of 32 bytes: NaCl's secretbox. What it seals can be moved to another place. */
export function secretbox(name: string, secret: Buffer): Transformer {
  const prefix = Buffer.from(`k8s:enc:secretbox:v1:${name}:`);
  const nonceLength = 24;
  return {
    prefix,
    nonceLength,
    seal: (value, _key, nonce) => Buffer.concat([prefix, nonce, xsalsa20poly1305(secret, nonce).encrypt(value)]),
    open(stored) {
      const sealed = stored.subarray(prefix.length);
      if (sealed.length < nonceLength + tagLength) throw new Error('the stored data was shorter than the required size');
      try {
        return bytesOf(xsalsa20poly1305(secret, sealed.subarray(0, nonceLength)).decrypt(sealed.subarray(nonceLength)));
      } catch (error) {
        throw new Error('output array was not large enough for encryption', { cause: error });
      }
    },
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Values in clear. */
export const identity: Transformer = {
  prefix: Buffer.alloc(0),
  nonceLength: 0,
  seal: (value) => value,
  open: (stored) => stored,
};

/** Whether a stored value says that this one sealed it. */
export function isSealedWith(stored: Buffer, { prefix }: Transformer): boolean {
  if (prefix.length === 0) return !isSealed(stored);
  return stored.subarray(0, prefix.length).equals(prefix);
}

function gcmOf(secret: Buffer): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  if (secret.length === 16) return 'aes-128-gcm';
  return secret.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
}

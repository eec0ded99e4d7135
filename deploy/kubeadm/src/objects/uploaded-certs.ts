import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Secret } from '@keelson/types';

/** The control planes' certificates as they travel from one to the next: encrypted with a key that only the administrator carries. */
export const certsKey = { name: 'kubeadm-certs', namespace: 'kube-system' } as const;

/** Files below the pki directory, by their names in the Secret. The etcd client's are there where etcd is somebody else's. */
export const sharedFiles: Readonly<Record<string, string>> = {
  'ca.crt': 'ca.crt',
  'ca.key': 'ca.key',
  'front-proxy-ca.crt': 'front-proxy-ca.crt',
  'front-proxy-ca.key': 'front-proxy-ca.key',
  'sa.pub': 'sa.pub',
  'sa.key': 'sa.key',
  'external-etcd-ca.crt': 'etcd/ca.crt',
  'external-etcd.crt': 'apiserver-etcd-client.crt',
  'external-etcd.key': 'apiserver-etcd-client.key',
};

const nonceBytes = 12;
const tagBytes = 16;

/** A certificate key: 32 bytes in hexadecimal. */
export function newCertificateKey(): string {
  return randomBytes(32).toString('hex');
}

/** Why this is no certificate key, as a sentence. */
export function certificateKeyProblem(key: string): string | undefined {
  return /^[0-9a-f]{64}$/i.test(key) ? undefined : '--certificate-key must be 64 hexadecimal digits, as kubeadm init --upload-certs prints';
}

/** AES-256-GCM, the nonce before the text and the tag behind it, as kubeadm has it: keys work across implementations. */
export function encrypt(content: Buffer, key: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce);
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** @throws when it was encrypted with another key. */
export function decrypt(sealed: Buffer, key: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), sealed.subarray(0, nonceBytes));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}

/** The Secret. It is removed with its owner, the Secret of a token that soon expires. */
export function uploadedCerts(files: ReadonlyMap<string, Buffer>, key: string, owner: Secret): Secret {
  const { name = '', uid = '' } = owner.metadata;
  return {
    metadata: {
      ...certsKey,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name, uid }],
    },
    data: Object.fromEntries([...files].map(([file, content]) => [file, encrypt(content, key).toString('base64')])),
  };
}

/** The files of such a Secret, by their names in it. @throws when the key is another one. */
export function openCerts({ data = {} }: Secret, key: string): ReadonlyMap<string, Buffer> {
  try {
    return new Map(Object.entries(data).map(([file, sealed]) => [file, decrypt(Buffer.from(sealed, 'base64'), key)]));
  } catch {
    throw new Error(
      'the uploaded certificates cannot be decrypted: --certificate-key is not the one that init --upload-certs printed last',
    );
  }
}

import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Clock } from '@keelson/base';
import type { KmsEndpoint, KmsService } from './types.ts';
import { decodeDecrypted, decodeEncrypted, decodeStatus, encodeDecrypt, encodeEncrypt } from './wire.ts';

/** A key management service that is a plugin beside this server, on its unix socket. gRPC connects when it is first asked, and again whenever it was lost. */
export function connectPlugin({ endpoint, timeout }: KmsEndpoint, clock: Clock): KmsService {
  const client = new Client(target(endpoint), credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
  const call = <T>(method: string, request: Buffer, decode: (bytes: Buffer) => T): Promise<T> =>
    new Promise((resolve, reject) => {
      const options = { deadline: clock.now() + timeout };
      const path = `/v2.KeyManagementService/${method}`;
      client.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        decode,
        request,
        new Metadata(),
        options,
        (error, answer) => {
          if (error) reject(rpcError(error));
          else if (answer === undefined) reject(new Error(`${method} answered nothing`));
          else resolve(answer);
        },
      );
    });
  return {
    status: () => call('Status', Buffer.alloc(0), decodeStatus),
    encrypt: (plaintext, uid) => call('Encrypt', encodeEncrypt(plaintext, uid), decodeEncrypted),
    decrypt: (sealed, uid) => call('Decrypt', encodeDecrypt(sealed, uid), decodeDecrypted),
    close: () => client.close(),
  };
}

/** As Go's gRPC prints it: `code = Unavailable`, where ours says UNAVAILABLE. */
function rpcError(error: ServiceError): Error {
  const words = (status[error.code] ?? 'UNKNOWN').split('_');
  const code = words.map((word) => word.charAt(0) + word.slice(1).toLowerCase()).join('');
  return new Error(`rpc error: code = ${code} desc = ${error.details}`, { cause: error });
}

function target(endpoint: string): string {
  const path = endpoint.replace(/^unix:\/*/, '/');
  return path.startsWith('/@') ? `unix-abstract:${path.slice(2)}` : `unix:${path}`;
}

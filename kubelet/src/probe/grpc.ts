import { Client, status as codes, credentials, type ServiceError } from '@grpc/grpc-js';
import { systemClock } from '@keelson/base';
import type { ProbeOutcome } from './state.ts';
import type { Target } from './target.ts';

const serving = 1;

/** Asks `grpc.health.v1.Health/Check`, without TLS, as Kubernetes' gRPC probe. */
export function checkGrpcHealth(target: Extract<Target, { type: 'grpc' }>, timeoutMs: number): Promise<ProbeOutcome> {
  const address = `${target.host}:${target.port}`;
  const client = new Client(address, credentials.createInsecure(), { 'grpc.primary_user_agent': 'kube-probe/1.36' });
  return new Promise((resolve) => {
    const answer = (error: ServiceError | null, status?: number): void => {
      client.close();
      const well = status === serving;
      if (error) resolve({ result: 'failure', message: explain(error, address, timeoutMs) });
      else
        resolve({
          result: well ? 'success' : 'failure',
          message: well ? 'service healthy' : `service unhealthy (responded with "${statusName(status)}")`,
        });
    };
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      encodeService,
      decodeStatus,
      target.service,
      { deadline: systemClock.now() + timeoutMs },
      answer,
    );
  });
}

function explain(error: ServiceError, address: string, timeoutMs: number): string {
  if (error.code === codes.UNIMPLEMENTED) return 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)';
  if (error.code === codes.DEADLINE_EXCEEDED) return `error: health rpc did not complete within ${timeoutMs / 1000}s`;
  if (error.code === codes.UNAVAILABLE)
    return `error: failed to connect service "${address}" within ${timeoutMs / 1000}s: ${error.details}`;
  return `error: health rpc probe failed: ${error.message}`;
}

/** HealthCheckRequest: field 1, a string. */
function encodeService(service: string): Buffer {
  const text = Buffer.from(service);
  return text.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a]), varint(text.length), text]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** HealthCheckResponse: field 1, an enum below 128; absent means 0. */
function decodeStatus(message: Buffer): number {
  return message[0] === 0x08 ? (message[1] ?? 0) : 0;
}

function statusName(status: number | undefined): string {
  return ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][status ?? 0] ?? String(status);
}

import type { Clock } from '@keelson/base';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RCode } from './message.ts';
import type { Transport } from './upstream.ts';
import { isWithin } from './zone/names.ts';
import type { Question } from './zone/types.ts';

/** Which part of us answered, by the name of CoreDNS' plugin for it. */
export type Plugin = 'kubernetes' | 'forward';

/** Notes an answer that is on its way out, and gives it back. */
export type Done = (answer: Buffer, plugin: Plugin) => Buffer;

export interface DnsMetrics {
  begin(question: Question, transport: Transport, size: number): Done;
  refused(rcode: RCode): void;
  /** Seconds from the change of a pod to the moment its name answers. */
  programmed(seconds: number, kind: string): void;
}

export interface MetricsOptions {
  /** `dns://:53`. */
  readonly server: string;
  /** The cluster's domain, without the dot at its end. */
  readonly domain: string;
}

const rcodeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const types = new Set(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT', 'ANY', 'DS', 'DNSKEY', 'RRSIG', 'NSEC', 'NSEC3']);
const sizes = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000];
const durations = Array.from({ length: 16 }, (_, index) => 0.00025 * 2 ** index);
const programming = Array.from({ length: 20 }, (_, index) => 0.001 * 2 ** index);

/** CoreDNS' metrics, under its names and labels. */
export function dnsMetrics(registry: Registry, clock: Clock, { server, domain }: MetricsOptions): DnsMetrics {
  const all = ['server', 'zone', 'view'];
  const made = { registers: [registry] };
  const counter = (name: string, help: string, labelNames: string[]) => new Counter({ ...made, name: `coredns_${name}`, help, labelNames });
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ ...made, name: `coredns_${name}`, help, labelNames, buckets });
  const requests = counter('dns_requests_total', 'Queries by zone, protocol, family and type', [...all, 'proto', 'family', 'type']);
  const responses = counter('dns_responses_total', 'Answers by zone and code', [...all, 'rcode', 'plugin']);
  const seconds = histogram('dns_request_duration_seconds', 'How long answers took', all, durations);
  const requestSize = histogram('dns_request_size_bytes', 'Sizes of queries', [...all, 'proto'], sizes);
  const responseSize = histogram('dns_response_size_bytes', 'Sizes of answers', [...all, 'proto'], sizes);
  const programmed = histogram(
    'kubernetes_dns_programming_duration_seconds',
    'Time from the change of a pod to its answer',
    ['service_kind'],
    programming,
  );
  new Gauge({ ...made, name: 'coredns_build_info', help: 'Constant 1', labelNames: ['version', 'revision'] }).set(
    { version: 'keelson' },
    1,
  );
  return {
    begin({ name, type }, proto, size) {
      const begun = clock.now();
      const labels = { server, view: '', zone: isWithin(name, domain) ? `${domain}.` : '.' };
      requests.inc({ ...labels, proto, family: '1', type: types.has(type) ? type : 'other' });
      requestSize.observe({ ...labels, proto }, size);
      return (answer, plugin) => {
        responses.inc({ ...labels, rcode: rcodeNames[answer.readUInt16BE(2) & 0xf] ?? 'other', plugin });
        responseSize.observe({ ...labels, proto }, answer.length);
        seconds.observe(labels, (clock.now() - begun) / 1000);
        return answer;
      };
    },
    refused: (rcode) => responses.inc({ server, view: '', zone: 'dropped', rcode, plugin: '' }),
    programmed: (after, kind) => programmed.observe({ service_kind: kind }, after),
  };
}

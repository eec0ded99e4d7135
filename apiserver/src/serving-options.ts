import type { OptionSpecs, OptionValues, TlsTerms } from '@keelson/component';
import type { RequestLimits } from './http/deadline.ts';
import { type BrowserRules, checkTransportSecurity, readOrigins } from './http/listener/browsers.ts';
import { readTlsTerms } from './http/listener/tls.ts';

const none: readonly string[] = [];

/** How requests are served: kube-apiserver's flags. */
export const servingOptions = {
  'external-hostname': {
    type: 'string',
    default: '',
    help: 'Name this server goes by in discovery and in the address of its token keys; --advertise-address unless told.',
  },
  'tls-min-version': {
    type: 'string',
    default: '',
    help: 'Least version of TLS that is spoken: VersionTLS10, VersionTLS11, VersionTLS12 or VersionTLS13; VersionTLS12 unless told.',
  },
  'tls-cipher-suites': {
    type: 'list',
    default: none,
    help: 'Cipher suites that are spoken below TLS 1.3, as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.',
  },
  'request-timeout': {
    type: 'duration',
    default: '1m0s',
    help: 'How long a request may take that neither watches nor connects; ?timeout= may ask for less. It is answered with 504 then.',
  },
  'min-request-timeout': {
    type: 'number',
    default: 1800,
    help: 'Seconds a watch lasts at least that names no timeout; somewhere between this and twice as long. For ever when 0.',
  },
  'delete-collection-workers': { type: 'number', default: 32, help: 'Objects of a collection that are removed at once.' },
  'cors-allowed-origins': {
    type: 'list',
    default: none,
    help: 'Regular expressions of origins whose pages may ask, as //example\\.com(:|$); each says where the host begins and ends.',
  },
  'strict-transport-security-directives': {
    type: 'list',
    default: none,
    help: 'What browsers are told of HTTPS: max-age=SECONDS, includeSubDomains, preload. Nothing unless told.',
  },
  'goaway-chance': {
    type: 'number',
    default: 0,
    help: 'Between 0 and 0.02: how often an HTTP/2 client is sent to another server. Only HTTP/1.1 is spoken here, whose clients never are.',
  },
  'shutdown-delay-duration': {
    type: 'duration',
    default: '0s',
    help: 'How long requests are still served after the signal to end, while /readyz already says that it ends.',
  },
  'shutdown-send-retry-after': {
    type: 'boolean',
    default: false,
    help: 'After that delay newcomers are answered 429 and told to come again, for as long as others are served.',
  },
} as const satisfies OptionSpecs;

type ServingValues = OptionValues<typeof servingOptions>;

/** How requests are served. */
export interface ServingSettings {
  readonly limits: RequestLimits;
  readonly browsers: BrowserRules;
  readonly tls: TlsTerms;
}

/** @throws Error about a flag, in upstream's words. */
export function servingSettings(values: ServingValues): ServingSettings {
  const chance = values['goaway-chance'];
  if (chance < 0 || chance > 0.02) throw new Error('--goaway-chance can not be less than 0 or greater than 0.02');
  for (const name of ['request-timeout', 'min-request-timeout', 'shutdown-delay-duration'] as const)
    if (values[name] < 0) throw new Error(`--${name} can not be negative value`);
  if (values['delete-collection-workers'] < 1) throw new Error('--delete-collection-workers must be at least 1');
  return {
    limits: {
      requestTimeout: values['request-timeout'],
      minRequestTimeout: values['min-request-timeout'] * 1000,
      deleteCollectionWorkers: values['delete-collection-workers'],
    },
    browsers: {
      origins: readOrigins(values['cors-allowed-origins']),
      transportSecurity: checkTransportSecurity(values['strict-transport-security-directives']),
    },
    tls: readTlsTerms(values['tls-min-version'], values['tls-cipher-suites']),
  };
}

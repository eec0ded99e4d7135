import type { OptionSpecs } from '@keelson/component';

/** kube-apiserver's flags, under Kubernetes' names; those after the blank line are Keelson's own. */
export const apiserverOptions = {
  'bind-address': { type: 'string', default: '0.0.0.0', help: 'Address to listen on.' },
  'secure-port': { type: 'number', default: 6443, help: 'Port to serve HTTPS on; 0 takes any free one.' },
  'advertise-address': {
    type: 'string',
    default: '',
    help: 'Address under which members of the cluster reach this server; the bind address unless told.',
  },
  'tls-cert-file': { type: 'string', default: '', help: 'Serving certificate, PEM.' },
  'tls-private-key-file': { type: 'string', default: '', help: 'Key of the serving certificate, PEM.' },
  'client-ca-file': { type: 'string', default: '', help: 'CA bundle client certificates are checked against, PEM.' },
  'requestheader-client-ca-file': {
    type: 'string',
    default: '',
    help: 'CA bundle of proxies that say in headers on whose behalf they ask, PEM; no proxy is believed without.',
  },
  'requestheader-allowed-names': {
    type: 'list',
    default: [] as readonly string[],
    help: "Common names such a proxy's certificate may have; any unless told.",
  },
  'requestheader-username-headers': { type: 'list', default: ['X-Remote-User'] as readonly string[], help: 'Headers that name the user.' },
  'requestheader-uid-headers': { type: 'list', default: ['X-Remote-Uid'] as readonly string[], help: "Headers that name the user's uid." },
  'requestheader-group-headers': { type: 'list', default: ['X-Remote-Group'] as readonly string[], help: 'Headers that name groups.' },
  'requestheader-extra-headers-prefix': {
    type: 'list',
    default: ['X-Remote-Extra-'] as readonly string[],
    help: 'Beginnings of headers that tell more of the user.',
  },
  'proxy-client-cert-file': {
    type: 'string',
    default: '',
    help: 'Client certificate shown to the servers behind APIServices, PEM.',
  },
  'proxy-client-key-file': { type: 'string', default: '', help: 'Key of the proxy client certificate, PEM.' },
  'enable-aggregator-routing': {
    type: 'boolean',
    default: false,
    help: "Requests for APIServices go to an endpoint instead of the service's address.",
  },
  'enable-bootstrap-token-auth': {
    type: 'boolean',
    default: false,
    help: "Takes the tokens in kube-system's Secrets of type bootstrap.kubernetes.io/token from machines that join.",
  },
  'kubelet-client-certificate': { type: 'string', default: '', help: 'Client certificate shown to kubelets, PEM.' },
  'kubelet-client-key': { type: 'string', default: '', help: 'Key of the kubelet client certificate, PEM.' },
  'kubelet-certificate-authority': {
    type: 'string',
    default: '',
    help: 'CA bundle kubelet serving certificates are checked against, PEM.',
  },
  'service-account-issuer': {
    type: 'string',
    default: 'https://kubernetes.default.svc.cluster.local',
    help: 'Issuer of service-account tokens.',
  },
  'service-account-jwks-uri': {
    type: 'string',
    default: '',
    help: "URI of the keys of service-account tokens as the discovery document tells it; this server's own when empty.",
  },
  'service-account-key-file': {
    type: 'list',
    default: [] as readonly string[],
    help: 'Public keys service-account tokens are checked with, PEM.',
  },
  'service-account-signing-key-file': { type: 'string', default: '', help: 'Private key service-account tokens are signed with, PEM.' },
  'api-audiences': {
    type: 'list',
    default: [] as readonly string[],
    help: 'Audiences of tokens meant for the API; the issuer unless told.',
  },
  'service-cluster-ip-range': { type: 'string', default: '10.96.0.0/16', help: 'Range cluster IPs are taken from.' },
  'service-node-port-range': { type: 'string', default: '30000-32767', help: 'Range node ports are taken from.' },
  'etcd-servers': { type: 'list', default: [] as readonly string[], help: 'etcd members, for --storage-backend=etcd3.' },
  'etcd-cafile': { type: 'string', default: '', help: 'CA of the etcd members, PEM.' },
  'etcd-certfile': { type: 'string', default: '', help: 'Client certificate shown to etcd, PEM.' },
  'etcd-keyfile': { type: 'string', default: '', help: 'Key of the etcd client certificate, PEM.' },
  'etcd-compaction-interval': { type: 'string', default: '5m0s', help: 'How often superseded versions are forgotten.' },
  'encryption-provider-config': {
    type: 'string',
    default: '',
    help: 'File that says which resources are encrypted in the store, and with which keys.',
  },
  'etcd-prefix': { type: 'string', default: '/registry', help: 'Where keys begin in etcd; nothing but /registry is offered.' },
  'event-ttl': { type: 'duration', default: '1h0m0s', help: 'How long events are kept.' },
  'enable-admission-plugins': {
    type: 'list',
    default: [] as readonly string[],
    help: 'Admission plugins to have besides those that are there unless told; NodeRestriction is one of these.',
  },
  'disable-admission-plugins': { type: 'list', default: [] as readonly string[], help: 'Admission plugins to leave out.' },

  'storage-backend': { type: 'string', default: 'sqlite', help: 'Where objects are kept: sqlite, etcd3 or memory.' },
  'storage-file': { type: 'string', default: 'keelson.db', help: 'The file of the sqlite store.' },
} as const satisfies OptionSpecs;

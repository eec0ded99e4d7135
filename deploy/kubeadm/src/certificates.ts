import type { WantedCertificate } from '@keelson/deploy-local';
import type { Machine } from './machine.ts';
import { addressAt } from './ranges.ts';

/** The certificates of a control plane, under kubeadm's file names and subjects. */
export function wantedCertificates(machine: Machine): readonly WantedCertificate[] {
  return [
    apiserver(machine),
    { ...client('apiserver-kubelet-client', 'kube-apiserver-kubelet-client', ['kubeadm:cluster-admins']) },
    { ...client('front-proxy-client', 'front-proxy-client'), ca: 'front-proxy-ca' },
  ];
}

/** Who calls the API server from a control plane, by the name of their kubeconfig. */
export function wantedClients({ nodeName }: Pick<Machine, 'nodeName'>): readonly WantedCertificate[] {
  return [
    client('admin', 'kubernetes-admin', ['kubeadm:cluster-admins']),
    client('super-admin', 'kubernetes-super-admin', ['system:masters']),
    client('controller-manager', 'system:kube-controller-manager'),
    client('scheduler', 'system:kube-scheduler'),
    client('kubelet', `system:node:${nodeName}`, ['system:nodes']),
  ];
}

function client(file: string, commonName: string, organizations: readonly string[] = []): WantedCertificate {
  return { file, ca: 'ca', commonName, organizations, usages: ['client'] };
}

function apiserver({ nodeName, address, cluster }: Machine): WantedCertificate {
  const { dnsDomain, serviceSubnet, controlPlaneEndpoint, apiServerCertSans } = cluster;
  const kubernetes = ['', '.default', '.default.svc', `.default.svc.${dnsDomain}`].map((suffix) => `kubernetes${suffix}`);
  const names = [nodeName, ...kubernetes, 'localhost', ...hostsOf(controlPlaneEndpoint), ...apiServerCertSans];
  const ips = [addressAt(serviceSubnet, 1), address, '127.0.0.1', ...names.filter(isAddress)];
  return {
    file: 'apiserver',
    ca: 'ca',
    commonName: 'kube-apiserver',
    usages: ['server'],
    dnsNames: [...new Set(names.filter((name) => !isAddress(name)))],
    ips: [...new Set(ips)],
  };
}

function hostsOf(endpoint: string): string[] {
  return endpoint === '' ? [] : [endpoint.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')];
}

function isAddress(name: string): boolean {
  return /^\d+(\.\d+){3}$/.test(name) || name.includes(':');
}

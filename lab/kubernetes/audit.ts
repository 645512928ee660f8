import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Api } from './api.ts';
import { collectionPath } from './kinds.ts';

/** A request as the API server wrote it down. */
export interface AuditedRequest {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `services/status`. */
  readonly resource: string;
  readonly name: string | undefined;
  readonly code: number;
  /** When it came, in a form that sorts. */
  readonly at: string;
}

/** A right, as a role grants it. */
export interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Only for the object of this name. */
  readonly name: string | undefined;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Binding {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
  readonly metadata: { readonly namespace?: string };
}

export interface Role {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

function logFile(directory: string): string {
  return join(directory, 'audit.log');
}

/** Flags with which an API server writes down what ServiceAccounts ask of it, without what they send. */
export async function auditFlags(directory: string): Promise<string[]> {
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    // A watch is written down when it begins: most have no end while a lab stands.
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }],
  };
  const file = join(directory, 'audit-policy.yaml');
  await writeFile(file, stringify(policy));
  return [`--audit-policy-file=${file}`, `--audit-log-path=${logFile(directory)}`];
}

/** Folder of a lab in which its API server's log is. */
export function auditFolder(lab: { readonly directory: string }): string {
  return join(lab.directory, 'kubernetes');
}

/** What a ServiceAccount has asked for so far. */
export function requestsOf(
  directory: string,
  namespace: string,
  account: string,
): AuditedRequest[] {
  const user = `system:serviceaccount:${namespace}:${account}`;
  return readFileSync(logFile(directory), 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"${user}"`))
    .flatMap((line) => requestOf(line) ?? [])
    .filter((request) => request.user === user);
}

/** What the API server did not let a ServiceAccount do, in its order and in words. */
export function refusalsOf(directory: string, namespace: string, account: string): string[] {
  return requestsOf(directory, namespace, account)
    .filter(({ code }) => code === 401 || code === 403)
    .map(({ verb, resource, name }) => `${account} may not ${verb} ${resource} ${name ?? ''}`);
}

function requestOf(line: string): AuditedRequest | undefined {
  const entry = JSON.parse(line);
  const { user, verb, objectRef, responseStatus, requestReceivedTimestamp: at } = entry;
  if (objectRef === undefined) return undefined;
  const { apiGroup = '', resource, subresource, name } = objectRef;
  return {
    ...{ user: user.username, verb, group: apiGroup, name, at },
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    code: responseStatus?.code ?? 0,
  };
}

/** Every single right that the roles of a ServiceAccount grant. */
export async function rightsOf(api: Api, namespace: string, account: string): Promise<Right[]> {
  const bindings = (await Promise.all(
    ['clusterrolebindings', 'rolebindings'].map((plural) => api.get(`${RBAC}/${plural}`)),
  )) as { items: Binding[] }[];
  const own = bindings
    .flatMap(({ items }) => items)
    .filter(({ subjects = [] }) =>
      subjects.some((one) => one.name === account && one.namespace === namespace),
    );
  const rights = await Promise.all(own.map((binding) => rightsOfBinding(api, binding)));
  return rights.flat();
}

async function rightsOfBinding(api: Api, { roleRef, metadata }: Binding): Promise<Right[]> {
  const path =
    roleRef.kind === 'ClusterRole'
      ? `${collectionPath('ClusterRole')}/${roleRef.name}`
      : `${RBAC}/namespaces/${metadata.namespace}/roles/${roleRef.name}`;
  return rightsOfRole((await api.get(path)) as Role);
}

/** Every single right that a role grants. */
export function rightsOfRole({ rules = [] }: Pick<Role, 'rules'>): Right[] {
  return rules.flatMap(rightsOfRule);
}

function rightsOfRule(rule: Rule): Right[] {
  const { apiGroups = [], resources = [], verbs } = rule;
  const names: readonly (string | undefined)[] = rule.resourceNames ?? [undefined];
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) => names.map((name) => ({ group, resource, verb, name }))),
    ),
  );
}

/** A request made use of the right. A watch of one object by its name counts for that name. */
function uses(request: AuditedRequest, right: Right): boolean {
  return (
    request.group === right.group &&
    request.resource === right.resource &&
    request.verb === right.verb &&
    (right.name === undefined || request.name === undefined || request.name === right.name)
  );
}

/** Rights that no request made use of, in words. */
export function idleRights(
  rights: readonly Right[],
  requests: readonly AuditedRequest[],
): string[] {
  return rights
    .filter((right) => !requests.some((request) => uses(request, right)))
    .map(describeRight);
}

function describeRight({ group, resource, verb, name }: Right): string {
  const kind = group === '' ? resource : `${resource}.${group}`;
  return `${verb} ${kind}${name === undefined ? '' : ` ${name}`}`;
}

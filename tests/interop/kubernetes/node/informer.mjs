// node informer.mjs NAMESPACE
// What a controller in JavaScript does: typed calls, a patch, a conflict, an informer that sees it
// all. Prints one line of JSON with what it saw.

import * as k8s from '@kubernetes/client-node';

const [namespace] = process.argv.slice(2);
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const labels = { app: 'interop' };
const labelSelector = 'app=interop';

const seen = [];
const deleted = deferred();
const informer = k8s.makeInformer(
  config,
  `/api/v1/namespaces/${namespace}/configmaps`,
  () => core.listNamespacedConfigMap({ namespace, labelSelector }),
  labelSelector,
);
informer.on('add', (object) => seen.push(`add ${object.metadata.name}`));
informer.on('update', (object) => seen.push(`update ${object.data.x}`));
informer.on('delete', (object) => {
  seen.push(`delete ${object.metadata.name}`);
  deleted.resolve();
});
informer.on('error', deleted.reject);

const body = { metadata: { name: 'a', labels }, data: { x: '1' } };
const created = await core.createNamespacedConfigMap({ namespace, body });
await informer.start();
await core.patchNamespacedConfigMap(
  { namespace, name: 'a', body: { data: { x: '2' } } },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
);
const conflict = await core
  .replaceNamespacedConfigMap({ namespace, name: 'a', body: created })
  .then(() => 0, (error) => error.code);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const applied = await objects.patch(
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b', namespace, labels } },
  undefined, undefined, 'interop', true, k8s.PatchStrategy.ServerSideApply,
);
await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
await deleted.promise;
await informer.stop();
console.log(JSON.stringify({
  seen, conflict, applied: applied.metadata.name,
  typed: created.metadata.creationTimestamp instanceof Date,
}));

function deferred() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}

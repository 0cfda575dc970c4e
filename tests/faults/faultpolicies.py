"""Admission policies that break what rows of the smoke test look at."""

from __future__ import annotations

_BINDING = """\
---
apiVersion: admissionregistration.k8s.io/v1
kind: {kind}PolicyBinding
metadata: {{name: {name}}}
spec: {{policyName: {name}{actions}}}
"""


def _denying(name: str, resource: str, operation: str, expression: str) -> str:
    return f"""\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {name}}}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - {{apiGroups: [""], apiVersions: [v1], operations: [{operation}], resources: [{resource}]}}
  validations: [{{expression: '{expression}', message: not allowed here}}]
{_BINDING.format(kind="ValidatingAdmission", name=name, actions=", validationActions: [Deny]")}"""


NO_EXEC = _denying("no-exec", "pods/exec", "CONNECT", "false")
NO_TOKEN = _denying("no-token", "secrets", "CREATE", 'object.type != "bootstrap.kubernetes.io/token"')
_PROBES = {"liveness": "liveness", "readiness": "readiness", "startup": "startup"}
_ALTERED = {
    "restart-always": 'JSONPatch{op: "replace", path: "/spec/restartPolicy", value: "Never"}',
    "probes": (
        'JSONPatch{op: "replace", path: "/spec/containers/0/readinessProbe/exec/command/2", value: "exit 1"}'
    ),
    **{
        pod: f'JSONPatch{{op: "remove", path: "/spec/containers/0/{probe}Probe"}}'
        for pod, probe in _PROBES.items()
    },
    "hooks": 'JSONPatch{op: "remove", path: "/spec/containers/0/lifecycle/preStop"}',
    "grace": 'JSONPatch{op: "replace", path: "/spec/terminationGracePeriodSeconds", value: 1}',
    "settings": 'JSONPatch{op: "replace", path: "/spec/containers/0/env/0/value", value: "other"}',
}
_CHOICE = "".join(f'object.metadata.name == "{pod}" ? [{patch}] : ' for pod, patch in _ALTERED.items())
ALTERED_PODS = f"""\
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {{name: altered-pods}}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: k8sboot-smoke}}}}
    resourceRules:
      - {{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}}
  matchConditions: [{{name: named, expression: has(object.metadata.name)}}]
  mutations:
    - patchType: JSONPatch
      jsonPatch:
        expression: >-
          {_CHOICE}[]
{_BINDING.format(kind="MutatingAdmission", name="altered-pods", actions="")}"""
"""Each Pod of the test whose row looks at what it says of itself is made another one."""

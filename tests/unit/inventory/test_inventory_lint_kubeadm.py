"""The kubeadm section and kubelet's flags against the release of Kubernetes, before any connection."""

from __future__ import annotations

import pytest


def told(problems, version: str, text: str) -> list[tuple[str, str, str]]:
    """What is told, but for the runtime that does not fit."""
    found = problems(f"cluster: {{kubernetesVersion: {version}}}\n{text}")
    other = ("KB-VERSION-RUNTIME", "KB-CALICO-VERSION")
    return [(each.code, each.message, each.suggestion) for each in found if each.code not in other]


def patch(kind: str, fields: str) -> str:
    return f"kubeadm: {{{kind}: {fields}}}\n"


@pytest.mark.parametrize(
    ("version", "kind", "fields", "why", "fix"),
    [
        (
            "v1.23.17",
            "clusterConfiguration",
            "{apiServer: {certSAN: [a]}}",
            "`kubeadm.clusterConfiguration.apiServer.certSAN`: kubeadm 1.23 has no field `certSAN` there",
            "did you mean `certSANs`?",
        ),
        (
            "v1.23.17",
            "clusterConfiguration",
            "{certificateValidityPeriod: 8760h}",
            "kubeadm 1.23 has no field `certificateValidityPeriod` there: 1.31 and later have it",
            "remove it",
        ),
        (
            "v1.22.17",
            "clusterConfiguration",
            "{dns: {type: CoreDNS}}",
            "kubeadm 1.22 has no field `type` there: it went in 1.22",
            "remove it",
        ),
        (
            "v1.31.4",
            "clusterConfiguration",
            "{apiServer: {timeoutForControlPlane: 5m}}",
            "kubeadm 1.31 has no field `timeoutForControlPlane` there: it went in 1.31",
            "use kubeadm.initConfiguration.timeouts.controlPlaneComponentHealthCheck",
        ),
        (
            "v1.37.2",
            "joinConfiguration",
            "{discovery: {timeout: 5m}}",
            "kubeadm 1.37 has no field `timeout` there: it went in 1.31",
            "use kubeadm.joinConfiguration.timeouts.discovery",
        ),
        (
            "v1.34.4",
            "clusterConfiguration",
            "{etcd: {external: {httpEndpoints: [a]}}}",
            "kubeadm 1.34 has no field `httpEndpoints` there: 1.35 and later have it",
            "remove it",
        ),
        (
            "v1.37.2",
            "initConfiguration",
            "{nodeRegistration: {ignorePreflightErrors: Swap}}",
            "`ignorePreflightErrors` must be a list",
            "correct it, see kubeadm's reference of its configuration",
        ),
        (
            "v1.37.2",
            "clusterConfiguration",
            "{apiServer: {extraArgs: [{name: v}]}}",
            "an extra argument is `{name: NAME, value: VALUE}`",
            "correct it, see kubeadm's reference of its configuration",
        ),
        (
            "v1.37.2",
            "clusterConfiguration",
            "{apiServer: {extraArgs: [{name: '', value: a}]}}",
            "an extra argument is `{name: NAME, value: VALUE}`",
            "correct it, see kubeadm's reference of its configuration",
        ),
        (
            "v1.37.2",
            "clusterConfiguration",
            '{featureGates: {RootlessControlPlane: "true"}}',
            "`RootlessControlPlane` must be true or false",
            "correct it, see kubeadm's reference of its configuration",
        ),
    ],
)
def test_a_field_that_kubeadm_does_not_know_is_an_error(problems, version, kind, fields, why, fix):
    [(code, message, suggestion)] = told(problems, version, patch(kind, fields))
    assert (code, suggestion) == ("KB-KUBEADM-FIELD", fix)
    assert message.endswith(why)


@pytest.mark.parametrize("version", ["v1.23.17", "v1.37.2"])
@pytest.mark.parametrize("arguments", ["{profiling: false, v: 4}", "[{name: v, value: '4'}]"])
def test_extra_arguments_may_have_either_form(problems, version, arguments):
    fields = f"{{apiServer: {{extraArgs: {arguments}}}, etcd: {{local: {{extraArgs: {arguments}}}}}}}"
    assert told(problems, version, patch("clusterConfiguration", fields)) == []


def test_every_field_of_the_newest_kubeadm_is_accepted(problems):
    fields = (
        "{certificateValidityPeriod: 8760h, caCertificateValidityPeriod: 87600h, encryptionAlgorithm: ECDSA-P256, "
        "proxy: {disabled: true}, dns: {disabled: true}, etcd: {external: {httpEndpoints: ['http://e:2379']}}, "
        "apiServer: {extraEnvs: [{name: A, value: B}], extraVolumes: [{name: a, hostPath: /a, mountPath: /b}]}}"
    )
    assert told(problems, "v1.37.2", patch("clusterConfiguration", fields)) == []


@pytest.mark.parametrize(
    ("version", "gate", "gone"),
    [
        ("v1.25.16", "UnversionedKubeletConfigMap", ""),
        ("v1.26.15", "UnversionedKubeletConfigMap", "1.26"),
        ("v1.33.6", "EtcdLearnerMode", "1.33"),
        ("v1.35.4", "ControlPlaneKubeletLocalMode", ""),
        ("v1.37.2", "ControlPlaneKubeletLocalMode", "1.36"),
        ("v1.37.2", "RootlessControlPlane", ""),
    ],
)
def test_a_feature_gate_that_is_gone_is_an_error_with_its_release(problems, version, gate, gone):
    found = told(problems, version, patch("clusterConfiguration", f"{{featureGates: {{{gate}: true}}}}"))
    minor = ".".join(version.removeprefix("v").split(".")[:2])
    message = f"kubeadm {minor} refuses the feature gate {gate}: it went in {gone}"
    assert found == ([("KB-KUBEADM-GATE", message, "remove it")] if gone else [])


@pytest.mark.parametrize(
    "text",
    [
        "kubeletExtraArgs: {pod-infra-container-image: x/pause}\n",
        "nodes: [{name: n, address: 10.0.0.9, kubeletExtraArgs: {pod-infra-container-image: x}}]\n"
        "masters: [{name: m, address: 10.0.0.8}]\n",
        patch("joinConfiguration", "{nodeRegistration: {kubeletExtraArgs: {pod-infra-container-image: x}}}"),
        patch(
            "initConfiguration",
            "{nodeRegistration: {kubeletExtraArgs: [{name: pod-infra-container-image, value: x}]}}",
        ),
    ],
)
def test_a_flag_of_kubelet_that_is_gone_is_an_error_once_wherever_it_stands(problems, text):
    message = "kubelet 1.35 does not start with --pod-infra-container-image: it went in 1.35"
    assert told(problems, "v1.35.4", text) == [("KB-KUBELET-FLAG-GONE", message, "remove it")]
    assert told(problems, "v1.34.4", text) == []

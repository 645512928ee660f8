{{- /* PodMonitor of a program: (list . "controller", "speaker" or "shell-operator") */ -}}
{{- define "metallb.podMonitor" -}}
{{- $context := index . 0 -}}
{{- $name := index . 1 -}}
{{- $isOperator := eq $name "shell-operator" -}}
{{- $inDeckhouse := include "metallb.inDeckhouse" $context -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ $inDeckhouse | empty | ternary $name (printf "metallb-%s" $name) }}
  namespace: {{ $inDeckhouse | empty | ternary (include "metallb.namespace" $context) "d8-monitoring" }}
  labels:
    {{- include "metallb.labels" (list $context $name) | nindent 4 }}
    {{- if $inDeckhouse }}
    prometheus: main
    {{- else }}
    {{- with $context.Values.metallb.monitoring.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- end }}
spec:
  jobLabel: app
  namespaceSelector:
    matchNames: [{{ include "metallb.namespace" $context }}]
  selector:
    matchLabels:
      app: {{ $name }}
      module: metallb
  podMetricsEndpoints:
  # A metric's own label `node`, which says whom it is about, wins over that of the pod.
  {{- if $inDeckhouse }}
  - port: https-metrics
    honorLabels: true
    scheme: https
    tlsConfig:
      insecureSkipVerify: true
    bearerTokenSecret:
      name: prometheus-token
      key: token
    relabelings:
    - targetLabel: tier
      replacement: cluster
    - sourceLabels: [__meta_kubernetes_pod_ready]
      regex: "true"
      action: keep
    - sourceLabels: [__meta_kubernetes_pod_node_name]
      targetLabel: node
  {{- else }}
  {{- range $path := $isOperator | ternary (list "/metrics" "/metrics/hooks") (list "/metrics") }}
  - port: metrics
    path: {{ $path }}
    honorLabels: true
    relabelings:
    - sourceLabels: [__meta_kubernetes_pod_node_name]
      targetLabel: node
  {{- end }}
  {{- end }}
{{- end -}}

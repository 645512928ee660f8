{{- /*
Deckhouse's proxy in front of the metrics of a program that listens on loopback only:
(dict "context" . "port" 7475 "upstream" 7472 "resource" "deployments" "name" "controller")
*/ -}}
{{- define "metallb.metricsProxy" -}}
{{- $images := .context.Values.global.modulesImages -}}
- name: kube-rbac-proxy
  image: {{ printf "%s@%s" (dig "registry" "base" "" $images) (dig "digests" "common" "kubeRbacProxy" "" $images | required "image common.kubeRbacProxy has no digest") }}
  imagePullPolicy: IfNotPresent
  args:
  - --secure-listen-address=$(KUBE_RBAC_PROXY_LISTEN_ADDRESS):{{ .port }}
  - --v=2
  - --logtostderr=true
  - --stale-cache-interval=1h30m
  - --livez-path=/livez
  env:
  - name: KUBE_RBAC_PROXY_LISTEN_ADDRESS
    valueFrom:
      fieldRef:
        fieldPath: status.podIP
  - name: KUBE_RBAC_PROXY_CONFIG
    value: |
      excludePaths:
      - /healthz
      - /readyz
      upstreams:
      - upstream: http://127.0.0.1:{{ .upstream }}/
        path: /
        authorization:
          resourceAttributes:
            namespace: {{ include "metallb.namespace" .context }}
            apiGroup: apps
            apiVersion: v1
            resource: {{ .resource }}
            subresource: prometheus-metrics
            name: {{ .name }}
  ports:
  - name: https-metrics
    containerPort: {{ .port }}
    protocol: TCP
  livenessProbe:
    httpGet:
      path: /livez
      port: https-metrics
      scheme: HTTPS
  readinessProbe:
    httpGet:
      path: /livez
      port: https-metrics
      scheme: HTTPS
  securityContext:
    {{- include "metallb.containerSecurity" . | nindent 4 }}
    runAsNonRoot: true
    runAsUser: 64535
    runAsGroup: 64535
    capabilities:
      drop: [ALL]
  resources:
    requests:
      cpu: 10m
      memory: 25Mi
      ephemeral-storage: 50Mi
{{- end -}}

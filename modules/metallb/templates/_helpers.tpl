{{- /* Not empty where Deckhouse renders the chart. */ -}}
{{- define "metallb.inDeckhouse" -}}
{{- $global := .Values.global | default dict -}}
{{- if or $global.deckhouseVersion $global.discovery -}}true{{- end -}}
{{- end -}}

{{- define "metallb.namespace" -}}
{{- if include "metallb.inDeckhouse" . -}}d8-metallb{{- else -}}{{ .Release.Namespace }}{{- end -}}
{{- end -}}

{{- /* Not empty where Deckhouse has that module on: (list . "operator-prometheus"). */ -}}
{{- define "metallb.deckhouseHas" -}}
{{- $global := (index . 0).Values.global | default dict -}}
{{- if has (index . 1) ($global.enabledModules | default list) -}}true{{- end -}}
{{- end -}}

{{- /* Not empty where the chart brings a shell-operator for the hooks. In Deckhouse its addon-operator runs them. */ -}}
{{- define "metallb.bringsShellOperator" -}}
{{- if and (eq .Values.metallb.hookRunner "shell-operator") (not (include "metallb.inDeckhouse" .)) -}}true{{- end -}}
{{- end -}}

{{- /* Labels of every object: (list . "app or nothing"). */ -}}
{{- define "metallb.labels" -}}
{{- $context := index . 0 -}}
{{- if include "metallb.inDeckhouse" $context -}}
heritage: deckhouse
{{- else -}}
app.kubernetes.io/name: {{ $context.Chart.Name }}
app.kubernetes.io/instance: {{ $context.Release.Name }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version }}
{{- end }}
module: {{ $context.Chart.Name }}
{{- with index . 1 }}
app: {{ . }}
{{- end }}
{{- end -}}

{{- /* Labels of pods: none that changes with the version alone, which would restart them. (list . "controller") */ -}}
{{- define "metallb.podLabels" -}}
{{- if include "metallb.inDeckhouse" (index . 0) -}}
heritage: deckhouse
{{- else -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end }}
module: {{ (index . 0).Chart.Name }}
app: {{ index . 1 }}
{{- end -}}

{{- /* (list . "controller", "node" or "shell-operator") → image of that folder of images/ */ -}}
{{- define "metallb.image" -}}
{{- $context := index . 0 -}}
{{- $name := index . 1 -}}
{{- $module := $context.Values.metallb -}}
{{- if include "metallb.inDeckhouse" $context -}}
{{- $images := $context.Values.global.modulesImages -}}
{{- $digest := dig "digests" "metallb" $name "" $images | required (printf "image metallb.%s has no digest" $name) -}}
{{- $base := dig "registry" "base" (dig "registry" "base" "" $images) $module -}}
{{- printf "%s/metallb@%s" (trimSuffix "/" $base) $digest -}}
{{- else -}}
{{- printf "%s/%s:%s" $module.image.repository $name ($module.image.tag | default $context.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "metallb.pullPolicy" -}}
{{- if include "metallb.inDeckhouse" . -}}IfNotPresent{{- else -}}{{ .Values.metallb.image.pullPolicy }}{{- end -}}
{{- end -}}

{{- define "metallb.imagePullSecrets" -}}
{{- if include "metallb.inDeckhouse" . -}}
imagePullSecrets:
- name: {{ include "metallb.registrySecret" . }}
{{- else -}}
{{- with .Values.metallb.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "metallb.registrySecret" -}}
{{- if dig "registry" "dockercfg" "" .Values.metallb -}}metallb-module-registry{{- else -}}deckhouse-registry{{- end -}}
{{- end -}}

{{- /* Not empty: two controllers. Deckhouse's order: the module's setting, the global one, what was discovered. */ -}}
{{- define "metallb.isHighlyAvailable" -}}
{{- $global := .Values.global | default dict -}}
{{- if hasKey .Values.metallb "highAvailability" -}}
{{- if .Values.metallb.highAvailability -}}true{{- end -}}
{{- else if not (include "metallb.inDeckhouse" .) -}}
true
{{- else if hasKey $global "highAvailability" -}}
{{- if $global.highAvailability -}}true{{- end -}}
{{- else if dig "discovery" "clusterControlPlaneIsHighlyAvailable" false $global -}}
true
{{- end -}}
{{- end -}}

{{- define "metallb.edition" -}}
{{- (.Values.global | default dict).deckhouseEdition | default .Values.metallb.edition -}}
{{- end -}}

{{- /* Where routers connect to; empty where nobody listens. */ -}}
{{- define "metallb.bgpListenPort" -}}
{{- if and (include "metallb.mayUseBgp" .) .Values.metallb.bgp.listenPort -}}{{ .Values.metallb.bgp.listenPort | int64 }}{{- end -}}
{{- end -}}

{{- /* Not empty in the editions that may use BGP. */ -}}
{{- define "metallb.mayUseBgp" -}}
{{- if has (include "metallb.edition" . | lower) (list "ee" "fe" "cse-pro") -}}true{{- end -}}
{{- end -}}

{{- /* Of Deckhouse's ModuleConfig, by a hook; the newest that the chart knows where there is none. */ -}}
{{- define "metallb.moduleConfigVersion" -}}
{{- dig "internal" "moduleConfigVersion" 3 .Values.metallb | int | min 3 -}}
{{- end -}}

{{- /* Network rule 26: empty where nothing answers there. Deckhouse says which clusters have a kube-proxy. */ -}}
{{- define "metallb.kubeProxyMetricsUrl" -}}
{{- if or (not (include "metallb.inDeckhouse" .)) (include "metallb.deckhouseHas" (list . "kube-proxy")) -}}
{{- .Values.metallb.kubeProxy.metricsUrl -}}
{{- end -}}
{{- end -}}

{{- /* Network rule 15: unlike the name of a cluster, its UID is nobody else's. */ -}}
{{- define "metallb.clusterId" -}}
{{- $system := lookup "v1" "Namespace" "" "kube-system" | default dict -}}
{{- $discovered := dig "discovery" "clusterUUID" "" (.Values.global | default dict) -}}
{{- coalesce .Values.metallb.clusterId $discovered (dig "metadata" "uid" "" $system) "default" -}}
{{- end -}}

{{- /* Not empty where the kinds of Prometheus Operator are served and wanted. */ -}}
{{- define "metallb.hasPrometheusOperator" -}}
{{- if include "metallb.inDeckhouse" . -}}
{{- include "metallb.deckhouseHas" (list . "operator-prometheus") -}}
{{- else -}}
{{- $wanted := .Values.metallb.monitoring.prometheusOperator -}}
{{- if or (eq $wanted "Always") (and (eq $wanted "Auto") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{- /* What a container may do at most; the speaker adds to it. */ -}}
{{- define "metallb.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- /* (list . "controller", "speaker" or "shellOperator") */ -}}
{{- define "metallb.resources" -}}
{{- $wanted := index (index . 0).Values.metallb.resources (index . 1) -}}
requests:
  cpu: {{ $wanted.cpu }}
  memory: {{ $wanted.memory }}
  ephemeral-storage: 50Mi
{{- end -}}

{{- /* Flags of controller and node alike: which objects of MetalLB's API count, and which Services they serve. */ -}}
{{- define "metallb.metallbFlags" -}}
{{- with .Values.metallb.loadBalancerClass }}
- --lb-class={{ . }}
{{- end }}
- --metallb-namespaces={{ prepend .Values.metallb.metallbNamespaces (include "metallb.namespace" .) | uniq | join "," }}
{{- with .Values.metallb.legacyConfigMap }}
- --legacy-config-map={{ . }}
{{- end }}
- --metallb-pool-policy={{ .Values.metallb.metallbPoolPolicy }}
- --edition={{ include "metallb.edition" . }}
{{- end -}}

{{- define "hostnet-agent.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "hostnet-agent.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "hostnet-agent.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end }}

{{- define "hostnet-agent.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "hostnet-agent.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "hostnet-agent.selectorLabels" -}}
app.kubernetes.io/name: {{ include "hostnet-agent.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* (list CONTEXT LABELS...): what a label is called by more than one, the chart's own names first. */ -}}
{{- define "hostnet-agent.labels" -}}
{{- $context := first . -}}
{{- $labels := fromYaml (include "hostnet-agent.selectorLabels" $context) -}}
{{- $labels = merge $labels (dict
      "app.kubernetes.io/version" $context.Chart.AppVersion
      "app.kubernetes.io/managed-by" $context.Release.Service
      "helm.sh/chart" (printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_")) -}}
{{- range rest . -}}
{{- $labels = merge $labels (fromYaml (tpl (toYaml .) $context)) -}}
{{- end -}}
{{- merge $labels (fromYaml (tpl (toYaml $context.Values.commonLabels) $context)) | toYaml -}}
{{- end }}

{{- define "hostnet-agent.metadata" -}}
name: {{ include "hostnet-agent.fullname" . }}
namespace: {{ include "hostnet-agent.namespace" . }}
labels:
  {{- include "hostnet-agent.labels" (list .) | nindent 2 }}
{{- end }}

{{- define "hostnet-agent.image" -}}
{{- with .Values.image -}}
{{- $registry := default .registry $.Values.global.imageRegistry -}}
{{- if and (not $registry) (not (regexMatch "^[^/]*[.:][^/]*/" .repository)) -}}
{{- fail "image.registry is empty, and the image is on no public registry: build it with packaging/image, push it to yours, and add --set image.registry=registry.example (docker.io/library, if it was loaded onto the nodes)" -}}
{{- end -}}
{{- if $registry }}{{ $registry }}/{{ end }}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- if .digest }}@{{ .digest }}{{ end }}
{{- end -}}
{{- end }}

{{- /* As a JSON list, of names or of {name: NAME}. */ -}}
{{- define "hostnet-agent.imagePullSecrets" -}}
{{- $secrets := list -}}
{{- range . -}}
{{- $secrets = append $secrets (kindIs "map" . | ternary . (dict "name" .)) -}}
{{- end -}}
{{- $secrets | uniq | toJson -}}
{{- end }}

{{- define "hostnet-agent.args" -}}
- --path.procfs=/host/proc
- --path.sysfs=/host/sys
{{- with .Values.service }}
{{- if not .listenOnAllInterfaces }}
- --web.listen-address=[$(HOST_IP)]:{{ .port }}
- --web.listen-address=127.0.0.1:{{ .port }}
{{- else if ne (int .port) 20000 }}
- --web.listen-address=:{{ .port }}
{{- end }}
{{- end }}
{{- with .Values.podSource }}
{{- if ne .type "auto" }}
- --pods.source={{ .type }}
{{- end }}
{{- if eq .type "kubelet" }}
{{- with .kubelet.url }}
- --pods.kubelet-url={{ . }}
{{- end }}
{{- if .kubelet.insecureSkipVerify }}
- --pods.kubelet-insecure-skip-verify
{{- else }}
- --pods.kubelet-ca-file=/host/kubelet.crt
{{- end }}
{{- end }}
{{- if .staticPods }}
- --pods.manifests=/host/static-pods
{{- end }}
{{- end }}
{{- if .Values.alongsideNodeExporter }}
- --collector.disable-defaults
- --collector.ports
- --collector.listeners
- --collector.ephemeral_ports
- --collector.network_changes
- --collector.interfaces
- --collector.routes
{{- end }}
{{- if .Values.report.events }}
- --report.events
{{- end }}
{{- if .Values.report.nodeCondition }}
- --report.node-condition
{{- end }}
{{- if .Values.report.nodeLabels }}
- --report.node-labels
{{- end }}
{{- if .Values.fix.reservePorts }}
- --fix.reserve-ports
{{- end }}
{{- if .Values.config }}
- --config.file=/etc/hostnet-agent/config/config.yaml
{{- end }}
{{- with .Values.webConfig }}
{{- if .secretName }}
- --web.config.file=/etc/hostnet-agent/web/{{ .key }}
{{- end }}
{{- end }}
{{- with .Values.details }}
{{- if ne .policy "loopback" }}
- --web.details={{ .policy }}
{{- end }}
{{- if eq .policy "token" }}
- --web.details-token-file=/etc/hostnet-agent/details/{{ .tokenKey }}
{{- end }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* The default AppArmor profile hides other processes even from who may trace them. Kubernetes
       1.30 has a field for it; before, an annotation. */ -}}
{{- define "hostnet-agent.appArmorField" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}true{{ end -}}
{{- end }}

{{- define "hostnet-agent.containerSecurityContext" -}}
{{- $context := deepCopy .Values.containerSecurityContext -}}
{{- if .Values.least -}}
{{- $context = dict "runAsUser" 65534 "runAsGroup" 65534 "runAsNonRoot" true
      "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true
      "capabilities" (dict "drop" (list "ALL")) -}}
{{- end -}}
{{- if and .Values.bpf.enabled (not .Values.least) -}}
{{- $capabilities := default dict $context.capabilities -}}
{{- $_ := set $capabilities "add" (append (default list $capabilities.add) "BPF" | uniq) -}}
{{- $_ := set $context "capabilities" $capabilities -}}
{{- end -}}
{{- if and (include "hostnet-agent.appArmorField" .) (not $context.appArmorProfile) -}}
{{- $_ := set $context "appArmorProfile" (dict "type" "Unconfined") -}}
{{- end -}}
{{- if and .Values.openshift.enabled (not $context.seLinuxOptions) -}}
{{- $_ := set $context "seLinuxOptions" (dict "type" "spc_t") -}}
{{- end -}}
{{- toYaml $context -}}
{{- end }}

{{- define "hostnet-agent.scheme" -}}
{{- .Values.webConfig.tls | ternary "https" "http" -}}
{{- end }}

{{- /* (list CONTEXT PROBE PATH) */ -}}
{{- define "hostnet-agent.probe" -}}
{{- $context := index . 0 -}}
{{- $probe := index . 1 -}}
{{- if or $probe.exec $probe.tcpSocket -}}
{{- toYaml $probe -}}
{{- else -}}
{{- $get := dict "path" (index . 2) "port" $context.Values.service.portName -}}
{{- if $context.Values.webConfig.tls -}}
{{- $_ := set $get "scheme" "HTTPS" -}}
{{- end -}}
{{- toYaml (mergeOverwrite (dict "httpGet" $get) $probe) -}}
{{- end -}}
{{- end }}

{{- /* What PodMonitor and ServiceMonitor say alike of where and how to scrape: (list CONTEXT MONITOR) */ -}}
{{- define "hostnet-agent.endpoint" -}}
{{- $context := index . 0 -}}
{{- $monitor := index . 1 -}}
port: {{ $context.Values.service.portName }}
{{- $scheme := default (include "hostnet-agent.scheme" $context) $monitor.scheme }}
{{- if ne $scheme "http" }}
scheme: {{ $scheme }}
{{- end }}
{{- with $monitor.interval }}
interval: {{ . }}
{{- end }}
{{- with $monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with $monitor.proxyUrl }}
proxyUrl: {{ . }}
{{- end }}
{{- range $key := list "basicAuth" "bearerTokenSecret" "tlsConfig" "authorization" "oauth2" }}
{{- with index $monitor $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
# namespace, pod and container are those of the conflict, not the agent's own.
honorLabels: true
relabelings:
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: node
  {{- with $monitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The rest that they say alike: (list CONTEXT MONITOR) */ -}}
{{- define "hostnet-agent.monitorSpec" -}}
{{- $context := index . 0 -}}
{{- $monitor := index . 1 -}}
selector:
  {{- with $monitor.selectorOverride }}
  {{- toYaml . | nindent 2 }}
  {{- else }}
  matchLabels:
    {{- include "hostnet-agent.selectorLabels" $context | nindent 4 }}
  {{- end }}
{{- if and $monitor.namespace (ne $monitor.namespace (include "hostnet-agent.namespace" $context)) }}
namespaceSelector:
  matchNames:
    - {{ include "hostnet-agent.namespace" $context }}
{{- end }}
{{- if $monitor.attachMetadata.node }}
attachMetadata:
  node: true
{{- end }}
{{- range $key := list "jobLabel" "podTargetLabels" "targetLabels" "sampleLimit" "targetLimit"
      "labelLimit" "labelNameLengthLimit" "labelValueLengthLimit" }}
{{- with index $monitor $key }}
{{ $key }}: {{ toJson . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* (list CONTEXT NAMESPACE LABELS) */ -}}
{{- define "hostnet-agent.monitoringMetadata" -}}
{{- $context := index . 0 -}}
name: {{ include "hostnet-agent.fullname" $context }}
namespace: {{ default (include "hostnet-agent.namespace" $context) (index . 1) }}
labels:
  {{- include "hostnet-agent.labels" (list $context (index . 2)) | nindent 2 }}
{{- end }}

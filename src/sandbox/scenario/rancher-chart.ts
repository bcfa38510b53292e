import type { RancherProfile } from "../rancher/profile.ts";

/**
 * A chart of our own with the parts of Rancher's that decide about certificate and bundle (rancher.md §1): rendered by
 * Helm with an installation's values, it gives the objects that the sandbox begins with.
 */
export function rancherChart(profile: RancherProfile): Readonly<Record<string, unknown>> {
  const metadata = {
    name: "rancher",
    version: profile.version.slice(1),
    appVersion: profile.version,
    apiVersion: "v2",
    description: "The simulated Rancher of Farrier's sandbox.",
  };
  const templates = Object.entries(TEMPLATES).map(([name, text]) => ({
    name: `templates/${name}`,
    data: Buffer.from(text).toString("base64"),
  }));
  return { metadata, lock: null, templates, values: DEFAULTS, schema: null, files: [] };
}

const DEFAULTS = {
  replicas: 3,
  tls: "ingress",
  privateCA: false,
  ingress: { enabled: true, tls: { source: "rancher", secretName: "tls-rancher-ingress" } },
  letsEncrypt: { email: "none@example.com" },
  networkExposure: { type: "ingress" },
  gateway: {
    gatewayClass: {
      name: "traefik",
      ports: { http: 8000, https: 8443 },
      tls: { source: "rancher", secretName: "tls-rancher-ingress" },
    },
  },
};

const HELPERS = `{{- define "rancher.fullname" -}}
{{- if contains "rancher" .Release.Name -}}{{ .Release.Name }}{{- else -}}{{ .Release.Name }}-rancher{{- end -}}
{{- end -}}
{{- define "rancher.labels" -}}
app: {{ template "rancher.fullname" . }}
chart: {{ .Chart.Name }}-{{ .Chart.Version }}
heritage: {{ .Release.Service }}
release: {{ .Release.Name }}
{{- end -}}
{{- define "rancher.certManager" -}}
{{- if and (ne .Values.tls "external") (ne .Values.ingress.tls.source "secret") }}true{{ end -}}
{{- end -}}
{{- define "rancher.ownIssuer" -}}
{{- if and (include "rancher.certManager" .) (eq .Values.ingress.tls.source "rancher") -}}
{{- if or (ne .Values.networkExposure.type "gateway") (eq .Values.gateway.gatewayClass.tls.source "rancher") }}true{{ end -}}
{{- end -}}
{{- end -}}
`;

/** Every object of the chart begins so. */
const METADATA = `metadata:
  name: {{ template "rancher.fullname" . }}
  labels:
{{ include "rancher.labels" . | indent 4 }}`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
${METADATA}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      app: {{ template "rancher.fullname" . }}
  strategy:
{{- if eq (int .Values.replicas) 1 }}
    type: Recreate
{{- else }}
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 1
{{- end }}
  template:
    metadata:
      labels:
        app: {{ template "rancher.fullname" . }}
        release: {{ .Release.Name }}
    spec:
      serviceAccountName: {{ template "rancher.fullname" . }}
      priorityClassName: rancher-critical
      containers:
      - name: rancher
        image: rancher/rancher:{{ .Chart.AppVersion }}
        imagePullPolicy: IfNotPresent
        args:
        - "--http-listen-port=80"
        - "--https-listen-port=443"
        - "--add-local=true"
{{- if not .Values.privateCA }}
{{- if or (eq .Values.tls "external") (ne .Values.ingress.tls.source "rancher") }}
        - "--no-cacerts"
{{- end }}
{{- end }}
        env:
        - name: CATTLE_NAMESPACE
          value: {{ .Release.Namespace }}
        - name: CATTLE_PEER_SERVICE
          value: {{ template "rancher.fullname" . }}
        - name: CATTLE_BOOTSTRAP_PASSWORD
          valueFrom:
            secretKeyRef:
              name: bootstrap-secret
              key: bootstrapPassword
        - name: IMPERATIVE_API_DIRECT
          value: "true"
        - name: IMPERATIVE_API_APP_SELECTOR
          value: {{ template "rancher.fullname" . }}
        ports:
        - { containerPort: 80, protocol: TCP }
        - { containerPort: 443, protocol: TCP }
        - { containerPort: 444, protocol: TCP }
        - { containerPort: 6666, protocol: TCP }
        livenessProbe:
          httpGet: { path: /healthz, port: 80, scheme: HTTP }
          timeoutSeconds: 5
          failureThreshold: 5
          periodSeconds: 30
        readinessProbe:
          httpGet: { path: /healthz, port: 80, scheme: HTTP }
          timeoutSeconds: 5
          failureThreshold: 5
          periodSeconds: 30
        startupProbe:
          httpGet: { path: /healthz, port: 80, scheme: HTTP }
          timeoutSeconds: 5
          failureThreshold: 12
          periodSeconds: 10
{{- if .Values.privateCA }}
        volumeMounts:
        - name: tls-ca-volume
          mountPath: /etc/rancher/ssl/cacerts.pem
          subPath: cacerts.pem
          readOnly: true
{{- end }}
{{- if .Values.privateCA }}
      volumes:
      - name: tls-ca-volume
        secret:
          defaultMode: 256
          secretName: tls-ca
{{- end }}
      tolerations:
      - effect: NoSchedule
        key: cattle.io/os
        operator: Equal
        value: linux
`;

const SERVICE = `apiVersion: v1
kind: Service
${METADATA}
spec:
  ports:
  - { port: 80, name: http }
  - { port: 443, name: https-internal }
  selector:
    app: {{ template "rancher.fullname" . }}
`;

const INGRESS = `{{- if and .Values.ingress.enabled (eq .Values.networkExposure.type "ingress") }}
apiVersion: networking.k8s.io/v1
kind: Ingress
${METADATA}
{{- if include "rancher.certManager" . }}
  annotations:
    cert-manager.io/issuer: {{ template "rancher.fullname" . }}
    cert-manager.io/issuer-kind: Issuer
{{- end }}
spec:
  rules:
  - host: {{ .Values.hostname }}
    http:
      paths:
      - path: /
        pathType: ImplementationSpecific
        backend:
          service:
            name: {{ template "rancher.fullname" . }}
            port:
              number: 80
{{- if ne .Values.tls "external" }}
  tls:
  - hosts:
    - {{ .Values.hostname }}
    secretName: {{ .Values.ingress.tls.secretName }}
{{- end }}
{{- end }}
`;

const ACME_ISSUER = `{{- if and (include "rancher.certManager" .) (eq .Values.ingress.tls.source "letsEncrypt") }}
apiVersion: cert-manager.io/v1
kind: Issuer
${METADATA}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: {{ .Values.letsEncrypt.email }}
    privateKeySecretRef:
      name: letsencrypt-production
    solvers:
    - http01:
        ingress: {}
{{- end }}
`;

const ISSUER = `{{- if include "rancher.ownIssuer" . }}
apiVersion: cert-manager.io/v1
kind: Issuer
${METADATA}
spec:
  ca:
    secretName: tls-rancher
{{- end }}
`;

const GATEWAY_METADATA = METADATA.replace('fullname" . }}', 'fullname" . }}-gateway');

/** Rancher ≥ 2.14: without an Ingress, a Gateway ends TLS (rancher.md §1.4). */
const GATEWAY = `{{- if eq .Values.networkExposure.type "gateway" }}
{{- $class := .Values.gateway.gatewayClass }}
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
${GATEWAY_METADATA}
spec:
  gatewayClassName: {{ $class.name }}
  listeners:
  - name: rancher-http
    hostname: {{ .Values.hostname }}
    port: {{ $class.ports.http }}
    protocol: HTTP
  - name: rancher-https
    hostname: {{ .Values.hostname }}
    port: {{ $class.ports.https }}
    protocol: HTTPS
    tls:
      mode: Terminate
      certificateRefs:
      - name: {{ $class.tls.secretName }}
{{- end }}
`;

const ROUTE = `{{- if eq .Values.networkExposure.type "gateway" }}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
${METADATA}
spec:
  hostnames:
  - {{ .Values.hostname }}
  parentRefs:
  - name: {{ template "rancher.fullname" . }}-gateway
    sectionName: rancher-https
  rules:
  - backendRefs:
    - name: {{ template "rancher.fullname" . }}
      port: 80
{{- end }}
`;

const TEMPLATES: Readonly<Record<string, string>> = {
  "_helpers.tpl": HELPERS,
  "deployment.yaml": DEPLOYMENT,
  "service.yaml": SERVICE,
  "ingress.yaml": INGRESS,
  "gateway.yaml": GATEWAY,
  "httproute.yaml": ROUTE,
  "issuer-rancher.yaml": ISSUER,
  "issuer-letsEncrypt.yaml": ACME_ISSUER,
};

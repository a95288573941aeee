// The yardstick: one worker, kept-alive connections to the provider, no log, nothing buffered that is streamed.
/** ports: [provider's port, own port] of each server; log: a file for the line a request that nginx writes when nobody forbids it. */
export const nginxConfig = (folder, ports, log = 'off') => `
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log crit;
daemon off;
events { worker_connections 4096; }
http {
    access_log ${log};
    client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
    client_max_body_size 8m; client_body_buffer_size 1m;
    keepalive_requests 1000000000;
${ports.map(([provider, own]) => `
    upstream provider${provider} { server 127.0.0.1:${provider}; keepalive 1024; keepalive_requests 1000000000; }
    server {
        listen 127.0.0.1:${own} reuseport;
        location / {
            proxy_pass http://provider${provider};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }
    }`).join('')}
}
`;

// vite.config.ts: how the dashboard is built: hashed files under /assets, nothing inlined as data:
// URLs (the content security policy refuses them). SQUALL_API names a daemon for `npm run dev`.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const daemon = process.env.SQUALL_API ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    reportCompressedSize: false,
    sourcemap: false,
  },
  server: {
    // The daemon refuses what comes from another site's page: this one passes for its own.
    proxy: { "/api": { target: daemon, changeOrigin: true, headers: { Origin: daemon } } },
  },
});

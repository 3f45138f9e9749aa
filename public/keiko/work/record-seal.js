// The newest seal of the record, and a look at whether everything below it is as it was.

import { api, html, isGerman, nothing, t, when } from "./kit.js";
import { DAMAGES } from "./record-words.js";

const MOST_SHOWN = 20;
const number = new Intl.NumberFormat(isGerman ? "de-DE" : "en-GB");

export function sealCard(draw) {
  let [seal, report, isLooking, isStopped] = [null, null, false, false];

  const load = async () => {
    seal = await api("/audit/seal").catch(() => null);
    draw();
  };
  const look = async () => {
    isLooking = true;
    report = { seals: 0, entries: 0, findings: [], more: 0, problem: null };
    draw();
    try {
      for (let [after, done] = [0, false]; !done && !isStopped; ) {
        const part = await api("/audit/verify", { method: "POST", body: { after } });
        [after, done] = [part.until, part.done];
        report = {
          seals: report.seals + part.seals,
          entries: report.entries + part.entries,
          findings: [...report.findings, ...part.findings],
          more: report.more + part.more,
        };
        draw();
      }
    } catch (error) {
      report.problem = error.message;
    }
    isLooking = false;
    await load();
  };

  const counted = () => `${number.format(report.entries)} ${t("entries", "Einträge")}, ${number.format(report.seals)} ${t("seals", "Siegel")}`;
  const finding = ({ damage, seal: n, entry }) => html`<li>
    ${n ? `${t("Seal", "Siegel")} ${n}: ` : nothing}${entry ? html`${t("entry", "Eintrag")} <code>${entry}</code> ` : nothing}${DAMAGES[damage] ?? damage}
  </li>`;
  const found = () => html`<div class="problem">
    <strong>${t("The record was tampered with.", "Am Protokoll wurde etwas verändert.")}</strong>
    <ul>
      ${report.findings.slice(0, MOST_SHOWN).map(finding)}
    </ul>
    ${report.findings.length + report.more > MOST_SHOWN ? html`<p>${t("and more", "und mehr")}: ${number.format(report.findings.length + report.more - MOST_SHOWN)}</p>` : nothing}
  </div>`;
  const result = () => {
    if (!report) return nothing;
    if (report.problem) return html`<p class="problem">${report.problem}</p>`;
    if (report.findings.length) return found();
    if (isLooking) return html`<p class="small">${t("Looked at so far", "Bisher angesehen")}: ${counted()} …</p>`;
    return html`<p><span class="badge good">${t("Whole", "Vollständig")}</span> ${t("Nothing was changed, removed or added.", "Nichts wurde geändert, entfernt oder hinzugefügt.")} <small>${counted()}</small></p>`;
  };
  const newest = () => {
    if (!seal?.n) return t("Nothing is sealed yet.", "Noch ist nichts gesiegelt.");
    return html`${t("Seal", "Siegel")} ${number.format(seal.n)} · ${when(seal.at)}${seal.waiting ? html` · ${number.format(seal.waiting)} ${t("waiting", "warten")}` : nothing}
      <code class="head" title=${t("Keep it elsewhere: it shows later that nothing was cut off.", "Bewahre ihn anderswo auf: Er zeigt später, dass nichts abgeschnitten wurde.")}>${seal.head}</code>`;
  };
  const view = () => html`<section class="card seal" aria-labelledby="seal-title">
    <div class="seal-head">
      <div>
        <h2 id="seal-title">${t("Newest seal", "Neuestes Siegel")}</h2>
        <p class="small">${newest()}</p>
      </div>
      <button class="button" type="button" ?disabled=${isLooking || !seal?.n} @click=${look}>${isLooking ? t("Verifying …", "Wird geprüft …") : t("Verify now", "Jetzt prüfen")}</button>
    </div>
    <div role="status">${result()}</div>
  </section>`;

  return { load, view, stop: () => (isStopped = true) };
}

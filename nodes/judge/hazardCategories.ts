/**
 * Which of the fourteen hazards S1 to S14 a text touches, by words: enough to show an expert the right clauses, not a
 * judgement of harm. Names and rules of the hazards are in `specs/safety.md`.
 */

/** Beginnings of words and phrases, separated by commas; `$` ends a cue that must be a whole word. */
const cues: { readonly [category: string]: string } = {
  S1: `kill, murder, assassin, bomb, explosive, terror, shoot, stab$, stabb, massacre, kidnap, abduct, tortur,
    poison, weapon, gun$, guns$, firearm, ammunition, attack, hurt someone, hurt a, violen, riot, arson,
    sabotage, insurrection, assault, strangle, poach, animal cruelty, dog fight, hostage, casualt, molotov,
    grenade, suppressor, silencer, detonat, harm someone, physically harm, beat up, napalm, incendiary,
    physical harm, harm animals, hijack, start a fire, set fire, semi-auto, mutilat, lynch, extremis,
    radicaliz, manifesto, booby trap, stalk, torment, murderous`,
  S2: `steal, theft, thief, thieves, rob$, robber, robbing, burglar, shoplift, launder, fraud, scam, forge,
    forgery, counterfeit, fake id, fake passport, fake document, fake prescription, embezzl, brib, extort,
    blackmail, smuggl, traffick, drugs$, meth$, methamphetamine, cocaine, heroin, fentanyl, lsd$, mdma,
    ecstasy, illegal, illicit, black market, darknet, dark web, tax evasion, evade, tax fraud, tax returns,
    insider trading, pirat, ponzi, pyramid scheme, hack, phish, malware, ransomware, virus, keylog, spyware,
    trojan, botnet, ddos, exploit, vulnerab, cyber, password, credit card, bank account, cheat, lockpick,
    pick a lock, odometer, credential, skimm, stolen, criminal, crime, police, plagiari, vandal, graffiti,
    without getting caught, get away with, manipulat, ivory, organs, propaganda, deceiv, dangerous, corrupt,
    gambl, waste, disinformation, misinformation, fake news, conspiracy, hoax, false information, mislead,
    deepfake, impersonat, bypass, firewall, backdoor, intercept, sabotag, dupe, con someone, cheque,
    forced labor, traffic signal, unauthorized, tamper, disable, undetect, break into, breaking into,
    fake review, spam, scrape, chaos, disrupt, reckless, law enforcement, ransom, harvest, crash,
    command-and-control, protest, falsif, drug use, circumvent, social engineering, unsolicited,
    permanently delete`,
  S3: `rape, raping, rapist, sexual assault, sexually assault, sexual harass, sexually harass, prostitut,
    sex trafficking, pimp, brothel, revenge porn, roofie, grope, groping, upskirt, voyeur, hidden camera,
    sextort, ghb$, coerce`,
  S4: `child porn, csam, pedophil, paedophil, groom, minor$, minors, underage, child abuse, child exploit,
    sexualiz, lolita, lure, children, child$, teenager, molest`,
  S5: `defam, slander, libel, rumor, rumour, false accusation, smear, discredit, fake article, celebrity,
    public figure, false story, ruin their reputation, politician`,
  S6: `diagnos, dosage, medical advice, medication, medicine, legal advice, invest, financial advice, cure$,
    cures$, cancer, vaccin, surgery, miracle, drink bleach, unlicensed, side effects, doctor, symptom,
    treatment, abortion`,
  S7: `doxx, doxing, personal information, personal data, private information, private data, home address,
    social security, stalk, surveil, spy$, spying, wiretap, eavesdrop, identity theft, steal someone, identity,
    gps, facial recognition, phone number, leak, confidential, personal photo, private photo, track someone,
    tracking, catfish, webcam, someone's email, sensitive data, privacy`,
  S8: `copyright, pirat, torrent, lyrics, trademark, patent, infring, plagiari, keygen, intellectual property,
    trade secret, drm$, full text, bootleg, counterfeit, steal code`,
  S9: `nuclear, biological weapon, bioweapon, chemical weapon, nerve agent, nerve gas, sarin, ricin, anthrax,
    radiolog, dirty bomb, bioterror, weapons of mass, pathogen, plague, uranium, mustard gas, chlorine gas,
    poison gas, cyanide, water supply, botulin, biological agent, deadly virus, smallpox, contaminat, toxic gas`,
  S10: `racis, racial, slur, hate$, hatred, hateful, bigot, antisemit, anti-semit, nazi, holocaust, white suprem,
    ethnic, xenophob, homophob, transphob, sexis, misogyn, inferior, stereotyp, discriminat, genocid, dehumani,
    immigrant, muslim, jew$, jews$, jewish, islam, women$, woman's, black people, african, asian, mexican,
    gay$, lgbt, transgender, disabled, disabilit, minorit, derogatory, insult, bully, harass, intimidat,
    threaten, insensitiv, offensive, religious, mock, refugee, overweight, fat-sham, body sham, fire employees`,
  S11: `suicid, self-harm, self harm, kill myself, cut myself, hurt myself, end my life, eating disorder, anorexi,
    bulimi, overdose, pro-ana, starv, unhealthy, cutting yourself, kill themsel, kill yourself, harm themsel,
    purging, self-mutilat, self-destruct`,
  S12: `porn, erotic, nude$, nudes, nudity, sex$, sexual, fetish, hentai, orgy, lewd, masturbat, nsfw, sexting,
    explicit, blowjob, kamasutra, kink, bdsm`,
  S13: `election, vote$, voter, voting, ballot, polling place, polling station, electoral, candidate, rigging,
    campaign, poll worker, democratic process`,
  S14: `code interpreter, sandbox, escape the container, container escape, root access, denial of service,
    fork bomb, privilege escalat, reverse shell, rm -rf, malicious code, shellcode, kernel`
}

const escaped = (cue: string): string => cue.replace(/[.*+?^{}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+")

const patterns = Object.entries(cues).map(([category, list]) => ({
  category,
  pattern: new RegExp(
    list.split(",")
      .map((cue) => cue.trim())
      .map((cue) => cue.endsWith("$") ? `\\b${escaped(cue.slice(0, -1))}\\b` : `\\b${escaped(cue)}`)
      .join("|")
  )
}))

/** What a request is that must be refused but shows no cue: unlawful in some other way. */
export const catchAll = "S2"

/** The hazards of a text in the order S1 to S14, without repetitions; empty where none of its words is a cue. */
export const hazardCategories = (text: string): ReadonlyArray<string> => {
  const plain = text.toLowerCase().replaceAll("’", "'")
  return patterns.filter(({ pattern }) => pattern.test(plain)).map(({ category }) => category)
}

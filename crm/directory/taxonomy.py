"""What NUCC taxonomy codes and the specialty words of CMS mean: a specialty in plain words, and a kind of practice.

The codes that occur most in referral work, in our own short words. Codes are those of the Health Care Provider Taxonomy
(https://www.nucc.org); which Medicare specialty belongs to which code is published by CMS as the "Medicare Provider and
Supplier Taxonomy Crosswalk" (https://data.cms.gov/provider-characteristics/medicare-provider-supplier-enrollment).
A specialization that is not here is told by its classification; a code that is not known at all is shown as it is.
"""

import re

from crm.directory.models import PracticeKind
from crm.directory.search_keys import folded

CODE = re.compile(r"[0-9]{3}[0-9A-Z]{6}X")
CLASSIFICATION = 4  # so many characters of a code; what follows is the specialization

_NAMES = """
207K00000X Allergy and immunology
207L00000X Anesthesiology
207LC0200X Critical care anesthesiology
207LP2900X Pain medicine
207LP3000X Pediatric anesthesiology
208C00000X Colon and rectal surgery
207N00000X Dermatology
207ND0101X Micrographic dermatologic surgery
207ND0900X Dermatopathology
207NP0225X Pediatric dermatology
207NS0135X Procedural dermatology
207P00000X Emergency medicine
207PE0004X Emergency medical services
207PP0204X Pediatric emergency medicine
207PS0010X Sports medicine
207PT0002X Medical toxicology
207Q00000X Family medicine
207QA0000X Adolescent medicine
207QA0401X Addiction medicine
207QA0505X Adult medicine
207QG0300X Geriatric medicine
207QH0002X Hospice and palliative medicine
207QS0010X Sports medicine
207QS1201X Sleep medicine
207QB0002X Obesity medicine
208D00000X General practice
208M00000X Hospital medicine
202K00000X Vein medicine
204D00000X Osteopathic manipulative medicine
207R00000X Internal medicine
207RA0001X Advanced heart failure and transplant cardiology
207RA0002X Adult congenital heart disease
207RA0201X Allergy and immunology
207RA0401X Addiction medicine
207RB0002X Obesity medicine
207RC0000X Cardiology
207RC0001X Cardiac electrophysiology
207RC0200X Critical care medicine
207RE0101X Endocrinology
207RG0100X Gastroenterology
207RG0300X Geriatric medicine
207RH0000X Hematology
207RH0002X Hospice and palliative medicine
207RH0003X Hematology and oncology
207RI0008X Hepatology
207RI0011X Interventional cardiology
207RI0200X Infectious disease
207RN0300X Nephrology
207RP1001X Pulmonary disease
207RR0500X Rheumatology
207RS0010X Sports medicine
207RS0012X Sleep medicine
207RT0003X Transplant hepatology
207RX0202X Medical oncology
207SG0201X Clinical genetics
207T00000X Neurosurgery
207U00000X Nuclear medicine
207V00000X Obstetrics and gynecology
207VF0040X Urogynecology
207VG0400X Gynecology
207VM0101X Maternal and fetal medicine
207VX0000X Obstetrics
207VX0201X Gynecologic oncology
207VE0102X Reproductive endocrinology
207W00000X Ophthalmology
207WX0009X Glaucoma
207WX0107X Retina
207WX0110X Pediatric ophthalmology
207WX0120X Cornea and external diseases
207WX0200X Oculoplastic surgery
204E00000X Oral and maxillofacial surgery
204F00000X Transplant surgery
207X00000X Orthopedic surgery
207XP3100X Pediatric orthopedic surgery
207XS0106X Hand surgery
207XS0114X Adult reconstructive orthopedic surgery
207XS0117X Orthopedic spine surgery
207XX0004X Orthopedic foot and ankle surgery
207XX0005X Orthopedic sports medicine
207XX0801X Orthopedic trauma
207Y00000X Otolaryngology
207YP0228X Pediatric otolaryngology
207YS0012X Sleep medicine
207YS0123X Facial plastic surgery
207YX0901X Otology and neurotology
207ZP0101X Anatomic pathology
207ZP0102X Pathology
207ZC0500X Cytopathology
208000000X Pediatrics
2080A0000X Adolescent medicine
2080N0001X Neonatology
2080P0006X Developmental and behavioral pediatrics
2080P0202X Pediatric cardiology
2080P0203X Pediatric critical care medicine
2080P0204X Pediatric emergency medicine
2080P0205X Pediatric endocrinology
2080P0206X Pediatric gastroenterology
2080P0207X Pediatric hematology and oncology
2080P0208X Pediatric infectious disease
2080P0210X Pediatric nephrology
2080P0214X Pediatric pulmonology
2080P0216X Pediatric rheumatology
208100000X Physical medicine and rehabilitation
2081P0004X Spinal cord injury medicine
2081P2900X Pain medicine
2081S0010X Sports medicine
208200000X Plastic surgery
2082S0105X Hand surgery
2083P0901X Preventive medicine
2083X0100X Occupational medicine
2084A0401X Addiction medicine
2084B0040X Neuropsychiatry
2084E0001X Epilepsy
2084N0400X Neurology
2084N0402X Child neurology
2084N0600X Clinical neurophysiology
2084P0800X Psychiatry
2084P0802X Addiction psychiatry
2084P0804X Child and adolescent psychiatry
2084P0805X Geriatric psychiatry
2084P2900X Pain medicine
2084S0012X Sleep medicine
2084V0102X Vascular neurology
2085N0700X Neuroradiology
2085R0001X Radiation oncology
2085R0202X Diagnostic radiology
2085R0203X Therapeutic radiology
2085R0204X Interventional radiology
208600000X General surgery
2086S0102X Surgical critical care
2086S0105X Hand surgery
2086S0120X Pediatric surgery
2086S0122X Plastic and reconstructive surgery
2086S0127X Trauma surgery
2086S0129X Vascular surgery
2086X0206X Surgical oncology
208800000X Urology
2088P0231X Pediatric urology
208G00000X Cardiothoracic surgery
208VP0000X Pain medicine
208VP0014X Interventional pain medicine
209800000X Legal medicine
101Y00000X Counseling
101YA0400X Addiction counseling
101YM0800X Mental health counseling
101YP2500X Professional counseling
103G00000X Clinical neuropsychology
103K00000X Behavior analysis
103T00000X Psychology
103TC0700X Clinical psychology
103TC2200X Child and adolescent psychology
103TS0200X School psychology
104100000X Social work
1041C0700X Clinical social work
1041S0200X School social work
106H00000X Marriage and family therapy
111N00000X Chiropractic
122300000X Dentistry
1223E0200X Endodontics
1223G0001X General dentistry
1223P0221X Pediatric dentistry
1223P0300X Periodontics
1223P0700X Prosthodontics
1223S0112X Oral surgery
1223X0400X Orthodontics
124Q00000X Dental hygiene
133V00000X Dietetics and nutrition
152W00000X Optometry
156FX1800X Optician
163W00000X Registered nursing
163WC0400X Nurse case management
163WP0808X Psychiatric and mental health nursing
171M00000X Case management
174400000X Specialist
183500000X Pharmacist
213E00000X Podiatry
213EP1101X Podiatry
213ES0103X Foot and ankle surgery
213ES0131X Foot surgery
225100000X Physical therapy
2251P0200X Pediatric physical therapy
2251S0007X Sports physical therapy
2251X0800X Orthopedic physical therapy
225700000X Massage therapy
225X00000X Occupational therapy
225XH1200X Hand therapy
225XP0200X Pediatric occupational therapy
2255A2300X Athletic training
227800000X Certified respiratory therapy
227900000X Respiratory therapy
231H00000X Audiology
237600000X Hearing aid fitting
235Z00000X Speech-language pathology
363A00000X Physician assistant
363AM0700X Physician assistant, medical
363AS0400X Physician assistant, surgical
363L00000X Nurse practitioner
363LA2100X Nurse practitioner, acute care
363LA2200X Nurse practitioner, adult health
363LF0000X Nurse practitioner, family
363LG0600X Nurse practitioner, gerontology
363LN0000X Nurse practitioner, neonatal
363LP0200X Nurse practitioner, pediatrics
363LP0808X Nurse practitioner, psychiatric and mental health
363LP2300X Nurse practitioner, primary care
363LW0102X Nurse practitioner, women's health
363LX0001X Nurse practitioner, obstetrics and gynecology
364S00000X Clinical nurse specialist
367500000X Nurse anesthetist
367A00000X Nurse midwife
367H00000X Anesthesiologist assistant
390200000X Student or resident
193200000X Multispecialty group
193400000X Single-specialty group
251300000X Local education agency
251B00000X Case management
251E00000X Home health
251F00000X Home infusion
251G00000X Hospice
251J00000X Nursing care
251K00000X Public health agency
251S00000X Community and behavioral health
251T00000X Program of all-inclusive care for the elderly
251V00000X Voluntary or charitable agency
252Y00000X Early intervention agency
253Z00000X In-home supportive care
261Q00000X Clinic
261QA0600X Adult day care
261QA1903X Ambulatory surgery center
261QD0000X Dental clinic
261QE0002X Emergency care clinic
261QE0700X Dialysis center
261QF0400X Federally qualified health center
261QM0801X Mental health clinic
261QM1200X MRI center
261QM1300X Multispecialty clinic
261QP2000X Physical therapy clinic
261QP2300X Primary care clinic
261QP0905X Public health clinic
261QP3300X Pain clinic
261QR0200X Radiology center
261QR0400X Rehabilitation clinic
261QR0405X Substance use rehabilitation clinic
261QR1300X Rural health clinic
261QS1000X Student health clinic
261QS1200X Sleep center
261QU0200X Urgent care
261QV0200X Veterans clinic
261QX0200X Oncology clinic
273R00000X Psychiatric unit
273Y00000X Rehabilitation unit
275N00000X Swing bed unit
281P00000X Chronic disease hospital
282E00000X Long-term care hospital
282N00000X General acute care hospital
282NC0060X Critical access hospital
282NC2000X Children's hospital
282NR1301X Rural hospital
283Q00000X Psychiatric hospital
283X00000X Rehabilitation hospital
284300000X Special hospital
291U00000X Clinical laboratory
293D00000X Diagnostic testing facility
302R00000X Health maintenance organization
305R00000X Health plan
310400000X Assisted living facility
311500000X Dementia care center
313M00000X Nursing facility
314000000X Skilled nursing facility
315D00000X Inpatient hospice
320800000X Residential mental health treatment
323P00000X Psychiatric residential treatment
324500000X Substance use rehabilitation facility
332B00000X Medical equipment and supplies
333600000X Pharmacy
3336C0003X Community pharmacy
3336C0004X Compounding pharmacy
3336L0003X Long-term care pharmacy
3336S0011X Specialty pharmacy
335E00000X Prosthetic and orthotic supplier
341600000X Ambulance
3416L0300X Ambulance, land
343900000X Non-emergency medical transport
"""
NAMES: dict[str, str] = dict(line.split(" ", 1) for line in _NAMES.strip().splitlines())

# The words that CMS uses where they differ from ours, folded as for search.
_CMS_WORDS = {
    "addiction medicine": "207RA0401X", "allergy immunology": "207K00000X", "anesthesiology assistant": "367H00000X",
    "audiologist": "231H00000X", "cardiac electrophysiology": "207RC0001X", "cardiac surgery": "208G00000X",
    "cardiovascular disease": "207RC0000X", "cardiovascular disease cardiology": "207RC0000X",
    "certified clinical nurse specialist": "364S00000X", "certified clinical nurse specialist cns": "364S00000X",
    "certified nurse midwife": "367A00000X", "certified nurse midwife cnm": "367A00000X",
    "certified registered nurse anesthetist": "367500000X", "certified registered nurse anesthetist crna": "367500000X",
    "clinical cardiac electrophysiology": "207RC0001X", "clinical psychologist": "103TC0700X",
    "clinical social worker": "1041C0700X", "colorectal surgery": "208C00000X",
    "colorectal surgery proctology": "208C00000X", "critical care intensivists": "207RC0200X",
    "dentist": "122300000X", "endocrinology diabetes and metabolism": "207RE0101X", "family practice": "207Q00000X",
    "geriatric psychiatry": "2084P0805X", "gynecological oncology": "207VX0201X",
    "hematology oncology": "207RH0003X", "hospice palliative care": "207RH0002X",
    "hospice and palliative care": "207RH0002X", "hospice and palliative medicine": "207RH0002X",
    "hospitalist": "208M00000X", "geriatric medicine": "207RG0300X", "hand surgery": "2086S0105X",
    "interventional pain management": "208VP0014X", "licensed clinical social worker": "1041C0700X",
    "marriage and family therapist": "106H00000X", "maxillofacial surgery": "204E00000X",
    "mental health counselor": "101YM0800X", "micrographic dermatologic surgery mds": "207ND0101X",
    "obstetrics gynecology": "207V00000X", "occupational therapist in private practice": "225X00000X",
    "occupational therapist": "225X00000X", "oral surgery dentist only": "1223S0112X",
    "orthopaedic surgery": "207X00000X", "pain management": "208VP0000X", "pathology": "207ZP0102X",
    "pediatric medicine": "208000000X", "peripheral vascular disease": "2086S0129X",
    "physical therapist in private practice": "225100000X", "physical therapist": "225100000X",
    "plastic and reconstructive surgery": "208200000X", "psychologist clinical": "103TC0700X",
    "qualified audiologist": "231H00000X", "qualified speech language pathologist": "235Z00000X",
    "registered dietitian or nutrition professional": "133V00000X", "registered nurse": "163W00000X",
    "pain medicine": "208VP0000X", "sleep medicine": "207RS0012X", "sports medicine": "207QS0010X",
    "speech language pathologist": "235Z00000X", "thoracic surgery": "208G00000X", "urologist": "208800000X",
}  # fmt: skip
# Several codes share a name (sports medicine, say): the first of them stands for the words.
_CODES = {folded(name): code for code, name in reversed(NAMES.items())} | _CMS_WORDS

_KINDS = {
    PracticeKind.HOSPITAL: "273 275 276 281 282 283 284 286 287",
    PracticeKind.SNF: "313 314",
    PracticeKind.HOME_HEALTH: "251E 251F 251G 251J 253Z",
    PracticeKind.PAYER: "302 305",
    PracticeKind.PUBLIC_HEALTH: "251K 261QP0904 261QP0905",
    PracticeKind.SCHOOL: "2513 261QS1000",
    PracticeKind.EARLY_INTERVENTION: "252Y",
    PracticeKind.MENTAL_HEALTH: "251S 261QM08 261QM28 261QR0405 3208 322 323 324",
    PracticeKind.PHARMACY: "183 3320 3321 3328 3336",
    PracticeKind.COMMUNITY: "171M 2512 251B 251C 251T 251V 251X 253J 261QA0600 29 310 311 315 32 33 34 385",
}
_PREFIXES = {prefix: kind for kind, prefixes in _KINDS.items() for prefix in prefixes.split()}


def is_code(text: str) -> bool:
    """Whether a text has the form of a taxonomy code."""
    return CODE.fullmatch(text) is not None


def specialty_of(code: str) -> str:
    """The specialty in words: the code's own, that of its classification, or the code itself when neither is known."""
    return NAMES.get(code) or NAMES.get(f"{code[:CLASSIFICATION]}00000X") or code


def code_of(words: str) -> str:
    """The code of a specialty in the words of CMS or in ours; '' when they are not known."""
    return _CODES.get(folded(words), "")


def kind_of(code: str) -> PracticeKind:
    """What kind of practice an organization of this taxonomy is; the longest known prefix decides."""
    starts = (code[:length] for length in range(len(code), 1, -1))
    return next((_PREFIXES[start] for start in starts if start in _PREFIXES), PracticeKind.PHYSICIAN)

"""What the columns of referral files are called, in the exports of the systems that write them, and what they mean here."""

import re
import unicodedata
from enum import StrEnum

from crm.referrals.models import PayerClass, ReferralStatus, SourceKind


class Target(StrEnum):
    """What a column of a file becomes."""

    RECEIVED_ON = "received_on"
    MONTH = "month"
    SOURCE_NPI = "source_npi"
    SOURCE_NAME = "source_name"
    PROVIDER_NAME = "provider_name"
    SOURCE_KIND = "source_kind"
    SOURCE_CITY = "source_city"
    SOURCE_ZIP = "source_zip"
    SERVICE_LINE = "service_line"
    SITE = "site"
    PAYER = "payer"
    STATUS = "status"
    APPOINTMENT_ON = "appointment_on"
    SEEN_ON = "seen_on"
    REPORT_SENT_ON = "report_sent_on"
    BILLED = "billed"
    PAID = "paid"
    NET = "net"
    COUNT = "count"
    REFERRAL_ID = "referral_id"
    PARENT_ID = "parent_id"
    UNSAID = "unsaid"
    LEAVE_OUT = ""

    @property
    def label(self) -> str:
        """The target as the select of the page shows it."""
        return LABELS.get(self) or self.value.replace("_", " ").capitalize()


LABELS = {
    Target.SOURCE_NPI: "Referring NPI",
    Target.SOURCE_NAME: "Source practice",
    Target.PROVIDER_NAME: "Referring provider",
    Target.SOURCE_ZIP: "Source ZIP",
    Target.SOURCE_KIND: "Kind of source",
    Target.SITE: "Destination site",
    Target.PAYER: "Payer class",
    Target.BILLED: "Revenue, billed",
    Target.PAID: "Revenue, paid",
    Target.NET: "Revenue, net",
    Target.COUNT: "Number of referrals",
    Target.REFERRAL_ID: "Referral number",
    Target.PARENT_ID: "Number of the referral it belongs to",
    Target.UNSAID: "What a message does not say",
    Target.LEAVE_OUT: "Leave out",
}
MONEY = frozenset({Target.BILLED, Target.PAID, Target.NET})
DATES = frozenset({Target.RECEIVED_ON, Target.APPOINTMENT_ON, Target.SEEN_ON, Target.REPORT_SENT_ON})

# Names as header_key writes them. The first of a list is the commonest; an earlier name wins where a file has several.
SYNONYMS: dict[Target, str] = {
    Target.RECEIVED_ON: """referralreceiveddate receivedon receiveddate datereceived rflreceiveddate referraldate refdate
        dateofreferral referredon entrydate extrefdate daterefer datereferred referreddate submitteddate authoredon
        referralcreateddate createddate requestdate orderdate dateordered rf17 refdt referraldt rcvddate rcvddt recvddate
        recddate daterecd referraldatetime intakedate dateofintake referralcreatedon createdon createdate datecreated
        dateentered entereddate datesubmitted submittedon requestreceived orderdttm orderdatetime orderplaceddate orderedon
        ordereddate""",
    Target.MONTH: "month referralmonth monthreceived yearmonth period reportmonth monthyear monthofreferral yyyymm mon",
    Target.SOURCE_NPI: """referringnpi referringphysiciannpi referringprovidernpi refnpi referringprovnpi sourcenpi referrernpi
        refprovnpi referralsourcenpi fromnpi physiciannpi providernpi npi prd7 npi1 orderingnpi orderingprovidernpi
        npiproviders referringproviderid doctornpi requestingnpi requestingprovidernpi requesternpi npinumber npino""",
    Target.SOURCE_NAME: """sourcepractice referringpractice referringpracticename referringorganization referringinstitution
        referringfacility referringclinic referringoffice referringgroup refdbylocposidlocname referringprovdept
        referringprovlocation sourcename source sourceorganization practicename practice facilityname orgnm
        organizationname clinicname groupname accountname referredfrom fromorganization primaryreferralsource referralsource
        referralsourcename refsource refsourcename refpractice reffacility refclinic reflocation referringlocation
        referringdepartment referringdept referralpractice referralorganization referralfrom referralfromfacility
        reffromfacility referredfromfacility referredfromlocation sendingpractice sendingfacility sendingorganization
        sendingclinic sourcefacility frompractice fromfacility referralaccount""",
    Target.PROVIDER_NAME: """referringprovider referringprovidername referringphysician referringphysicianname referringprov
        referringprovnam referringprovidreferringprovnam referringdoctor referringdr referredby referredbyprovider referralcontact
        referralname referrer referrername requester orderingprovider orderingprovidername orderingphysician
        providername physicianname doctor doctorname fullname physician provider prd2 refprovider refprovidername refprov
        refprovname refphysician refphysicianname refphys refphysname refdoctor refdr refmd referringmd referringclinician
        referringpractitioner referralfromprovider reffromprovider referredbyname requestingprovider requestingprovidername
        requestingphysician orderingprov orderingmd authorizingprovider""",
    Target.SOURCE_KIND: """referralsourcetype sourcetype referralsourcekind sourcekind referredbytype typeofreferralsource
        referralsourcecategory sourcecategory referralcategory marketingplan leadsource marketingsource referraltype""",
    Target.SOURCE_CITY: "referringcity sourcecity practicecity referringprovidercity referringpracticecity",
    Target.SOURCE_ZIP: "referringzip sourcezip practicezip referringproviderzip referringpracticezip referringzipcode sourcezipcode",
    Target.SERVICE_LINE: """serviceline service servicelinename businessline refdtospeccname department dept referredtospecialty
        referredtodepartment specialtyreferredto referralspecialty servicetype program division lineofservice modality
        equipmentcategory provspeccname specialty specialtyrequested requestedspecialty referraltospecialty refertospecialty
        reftospecialty servicerequested requestedservice servicedepartment svcdept clinicalservice departmentname deptname
        discipline therapytype programname prispec""",
    Target.SITE: """site destinationsite referredtolocation referredtofacility refdtolocposidlocname refdtodeptidexternalname
        treatingsite primarytreatmentclinic initialevaluationclinic destination tolocation toorganization clinic location
        facility laboratory treatmentlocation referredtosite referredtoclinic referredto servicelocation orgname
        referraltofacility referraltolocation reftofacility reftolocation refertofacility refertolocation receivingfacility
        apptlocation appointmentlocation scheduledlocation visitlocation cliniclocation svclocation renderinglocation
        performinglocation treatmentfacility tofacility locationname locname referralto""",
    Target.PAYER: """payer payor payerclass payorclass financialclass insclass insuranceclass insurancetype payoridpayorname
        primaryinsurance primarypayer primarypayor insurance insurancename payername payorname payertype payortype finclass
        finclassname finclasscname financialclassname payerclassname payercategory payorcategory payergroup payorgroup
        inscategory insurancecategory insreportingcategory insurancereportingcategory inspkgtype instype
        primaryinsurancename primaryins primaryinsname priins primins primarypayername primarypayorname
        primaryinsurancecompany primaryinsuranceplan primarycoverage primarycoveragepayor primarycarrier primaryinsurer
        primaryplan primaryplanname primaryhealthplan primaryinspkgname coveragepayor visitpayor inspkgname
        insurancepackagename insurancecompany insurancecarrier inscompany insconame insco inscarrier insurer carriername
        carrier insuranceplan insuranceplanname insplan insplanname insname benefitplan benefitplanname healthplan
        healthplanname payerplan payorplan coveragename coveragetype insplantype plantype ins ins1 insurance1 coverage plan
        planname""",
    Target.STATUS: """referralstatus status rflstatuscname schedstatuscname apptstatus appointmentstatus currentstatus
        statusdescription rf11 outcome disposition referraloutcome referralstage referralstate""",
    Target.APPOINTMENT_ON: """appointmentdate apptdate apptdt appointmenton appointment scheduleddate datescheduled apptdatetime
        appointmentdatetime appttime firstappointment firstappointmentdate scheduledfor nextappointment appointmentneededby
        firstapptdate initialapptdate nextapptdate dateofappointment dateofappt dateoffirstappt apptdttm scheddttm apptstart
        appointmentstart""",
    Target.SEEN_ON: """seenon dateseen seendate visitdate datevisited completeddate firstvisitdate initialvisitdate evaldate startofcare
        socdate startofcaredate firstseendate dateoffirstvisit initialevaldate initialevaluationdate evaluationdate iedate
        visitcompleteddate completiondate arriveddate""",
    Target.REPORT_SENT_ON: "rptsentdate reportsentdate reportsenton reportsent datereportsent consultnotesent consultnotesentdate reportdate lettersentdate closedloopdate loopcloseddate",
    Target.BILLED: "charges billed billedamount totalcharges charge chargeamount invoiced amountbilled revenuebilled grosscharges chargeamt totalchargeamount production",
    Target.PAID: "payments paid paidamount amountpaid collected collections totalpayments paymentamount revenuepaid receipts paymentamt pmtamt pmts totalpaid netcollections",
    Target.NET: "netrevenue netrev revenuenet netamount netpayments net revenue revenueamount amount income value rev expectedrevenue",
    Target.COUNT: """referrals totalreferrals referralcount numberofreferrals numreferrals noofreferrals referralvolume volume
        referralsreceived patientcount ofpatients patients numberofpatients totalpatients patientsseen count cnt
        total paircount benecount claimidcount transactioncount qty quantity""",
    Target.REFERRAL_ID: """referralid referralnumber referralno referralnum refid reference referenceid referenceno
        referencenumber externalidnum rf16 rf111 identifier referralkey orderid ordernumber externalreferralid
        referralrequestid referralorderid requestid""",
    Target.UNSAID: "notsaidinmessage",
    Target.PARENT_ID: """parentreference parentreferenceid parentreferral parentreferralid parentid parentreferralnumber
        originalreferral originalreferralid masterreferralid parentreferralno""",
}  # fmt: skip
SYNONYM_RANKS: dict[str, tuple[Target, int]] = {}
for _target, _names in SYNONYMS.items():
    for _rank, _name in enumerate(_names.split()):
        SYNONYM_RANKS.setdefault(_name, (_target, _rank))

# What is told of an insurance beside its name: a second one, a number, an amount, an answer.
NO_PAYER = (
    r"second|tert|^sec|^other|2nd|3rd|[2-9]$|id$|no$|num$|number|code$|auth|precert|verif|elig|effective|expir|date|dt$|phone|fax|addr|contact"
    r"|url|balance|paid|pay?men?t|pmt|amount|amt|copay|deduct|resp|status|flag|yn$|require"
)
# Parts of longer names, tried in this order when a whole name is not known.
PARTS: tuple[tuple[Target, re.Pattern[str]], ...] = (
    (Target.REFERRAL_ID, re.compile(r"^(referral|ref)(erence)?(id|no|num|number|key)$")),
    (Target.SOURCE_NPI, re.compile(r"^(ref|from|source|order|request|prov|phys).*npi")),
    (Target.REPORT_SENT_ON, re.compile(r"report.*(sent|date)|rpt.*sent")),
    (Target.APPOINTMENT_ON, re.compile(r"^(appt|appointment|sched).*(date|dt|(?<=[dt])on)$")),
    (Target.RECEIVED_ON, re.compile(r"(referral|received|refer|rcvd).*(date|dt|(?<=[dt])on)$|^date.*(refer|receiv|rcvd)")),
    (Target.SOURCE_ZIP, re.compile(r"^(ref|source|practice).*(zip|postal)")),
    (Target.SOURCE_CITY, re.compile(r"^(ref|source|practice).*city$")),
    (Target.SOURCE_NAME, re.compile(r"^(referring|source|from).*(practice|organi[sz]ation|org|clinic|facility|office|group)")),
    (Target.PROVIDER_NAME, re.compile(r"^(referring|ordering).*(name|provider|physician|doctor|md|dr)$")),
    (Target.STATUS, re.compile(r"^(?!ins|elig|verif|bill|claim|payment|balance|coverage).*status(name|desc|description)?$")),
    (Target.PAYER, re.compile(rf"^(?!.*(?:{NO_PAYER})).*(?:payer|payor|insurance|financialclass|finclass|healthplan)")),
    (Target.COUNT, re.compile(r"(referral|patient|pt)s?(count|cnt|volume|total)$|^(count|number|num|no|total)(of)?(new)?(referral|patient|pt)s$")),
    (Target.BILLED, re.compile(r"(?<!re)(?<!dis)charges?$|billed")),
    (Target.PAID, re.compile(r"payments?$|paid|collected")),
    (Target.NET, re.compile(r"revenue|^net.*(amt|amount|rev)")),
    (Target.SERVICE_LINE, re.compile(r"serviceline|^(referredto|refdto).*(spec|dept|department)")),
    (Target.SITE, re.compile(r"^(referredto|refdto|destination|treating).*(loc|location|site|clinic|facility)")),
)  # fmt: skip


def header_key(text: str) -> str:
    """A column's name as it is compared: `Referral Received_Date` -> `referralreceiveddate`."""
    plain = unicodedata.normalize("NFKD", text).lower()
    return re.sub(r"[^a-z0-9]", "", plain)


def known_target(key: str) -> tuple[Target, int, bool] | None:
    """The target that a name stands for, its rank among the names of that target, and whether the whole name is known."""
    if key in SYNONYM_RANKS:
        target, rank = SYNONYM_RANKS[key]
        return target, rank, True
    for target, pattern in PARTS:
        if pattern.search(key):
            return target, 1000, False
    return None


def kind_key(text: str) -> str:
    """A kind of source as it is compared: `Self-Referral` -> `self referral`."""
    return re.sub(r"[\s_/-]+", " ", text.strip().strip("().").lower())


def is_kind(text: str) -> bool:
    """Whether a value says of which kind a source is, and names none."""
    key = kind_key(text)
    return key in SOURCE_KINDS or key in PRACTICE_KINDS


def may_name_payers(key: str) -> bool:
    """Whether a column of this name may say who pays, and not something else of an insurance."""
    return not re.search(NO_PAYER, key)


def is_payer(text: str) -> bool:
    """Whether a value names an insurer or a kind of payer, and hardly anything else."""
    plain = re.sub(r"[\s_]+", " ", text.strip().strip("()").lower())
    return plain in PLAIN_PAYERS or bool(PAYER_NAME.search(plain) and not NO_PLAN.search(plain))


def _words(text: str) -> list[str]:
    return [line.strip() for line in text.split(",")]


_R, _SCH, _SEEN = ReferralStatus.RECEIVED, ReferralStatus.SCHEDULED, ReferralStatus.SEEN
_DEC, _LOST = ReferralStatus.DECLINED, ReferralStatus.LOST
# Epic (REFERRAL and REFERRAL_CROSS_ORG), WebPT, Trella, appointment exports, and the codes of scheduling reports.
STATUSES: dict[str, ReferralStatus] = {
    word: status
    for status, words in {
        _R: "received, rcvd, new, new request, open, pending, pending review, pending auth, pending authorization, authorized, "
        "approved, incomplete, created, accepted, in process, in progress, processing, requested, active, draft, waiting, "
        "unscheduled, not scheduled, to be scheduled, ready to schedule, needs scheduling, attempted, contacted, unassigned",
        _SCH: "scheduled, sched, booked, appointment scheduled, appointment made, appt made, appt scheduled, confirmed, "
        "rescheduled, waitlisted, arrived, checked in",
        _SEEN: "seen, completed, complete, visit completed, specialist visit completed, referral completed, finished, closed, "
        "kept, attended, checked out, admit, admitted, evaluated, done, fulfilled",
        _DEC: "declined, denied, rejected, refused, not accepted, non admit, nonadmit, not admitted, authorization denied, "
        "out of network, revoked, entered in error",
        _LOST: "lost, canceled, cancelled, cancellation requested, no show, noshow, no-show, expired, patient declined, "
        "unable to contact, unable to reach, left without being seen, withdrawn, void, voided, dropped, inactive",
    }.items()
    for word in _words(words)
}

# Kinds of sources, and names that stand for a kind; everything else is a practice or its provider.
SOURCE_KINDS: dict[str, SourceKind] = {
    word: kind
    for kind, words in {
        SourceKind.PATIENT: "patient, patients, existing patient, current patient, former patient, friend, family, friend family, friend or family, "
        "family friend, relative, word of mouth, another patient, patient referral",
        SourceKind.ADVERT: "advert, advertisement, advertising, ad, marketing, marketing data, google, google ads, internet, internet search, online, web, website, "
        "our website, web search, social media, facebook, instagram, yelp, radio, tv, television, newspaper, magazine, billboard, mailer, direct mail, "
        "flyer, brochure, insurance website, insurance directory, yellow pages, sign, drive by",
        SourceKind.SELF: "self, self referral, self referred, self refer, walk in, walkin, no referral, none, not referred, patient self referral",
    }.items()
    for word in _words(words)
}  # fmt: skip

# What stands for a practice in a column of kinds; it names none.
PRACTICE_KINDS = frozenset(_words(
    "physician, physicians, doctor, doctors, dr, md, provider, providers, facility, facilities, practice, practices, "
    "physician referral, doctor referral, provider referral, referring physician, referring provider, hospital, clinic"
))  # fmt: skip

PAYERS: dict[str, PayerClass] = {
    word: payer
    for payer, words in {
        PayerClass.COMMERCIAL: "commercial, comm, com, ppo, hmo, epo, pos, private, private insurance, managed care, bcbs, employer",
        PayerClass.MEDICARE: "medicare, mcr, mcare, medicare a, medicare b, medicare part a, medicare part b, traditional medicare, original medicare, "
        "medicare ffs",
        PayerClass.MEDICARE_ADVANTAGE: "medicare advantage, ma, mcr adv, mcr advantage, medicare adv, medicare hmo, medicare replacement, part c, ma plan, "
        "medicare managed, managed medicare",
        PayerClass.MEDICAID: "medicaid, mcd, mcaid, caid, medi-cal, chip, medicaid managed, managed medicaid, medicaid hmo",
        PayerClass.WORKERS_COMP: "workers comp, workers' comp, workers compensation, workers' compensation, worker's comp, workmans comp, wc, w/c, work comp",
        PayerClass.SELF_PAY: "self pay, self-pay, selfpay, self, cash, uninsured, none, no insurance, private pay, sp",
        PayerClass.OTHER: "other, tricare, champva, va, veterans, auto, liability, government, gov, charity, motor vehicle, mva",
        PayerClass.UNKNOWN: "unknown, unk, unassigned, n/a, na, not known",
    }.items()
    for word in _words(words)
}  # fmt: skip
# For names of plans; the first that fits counts.
PAYER_PARTS: tuple[tuple[PayerClass, re.Pattern[str]], ...] = (
    (PayerClass.MEDICARE_ADVANTAGE, re.compile(r"medicare.*(adv|hmo|ppo|replac|complete|plus)|\bmcr adv|advantage")),
    (PayerClass.MEDICAID, re.compile(r"medicaid|\bmcd\b|caresource|molina|buckeye|healthnet state|medi-?cal|\bchip\b")),
    (PayerClass.MEDICARE, re.compile(r"medicare|\bmcr\b|railroad")),
    (PayerClass.WORKERS_COMP, re.compile(r"work(er|man|men)'?s?'?\s*-?\s*comp|\bbwc\b|\bwc\b")),
    (PayerClass.SELF_PAY, re.compile(r"self.?pay|uninsured|\bcash\b")),
    (PayerClass.OTHER, re.compile(r"tricare|champ|veteran|\bva\b|auto|liabilit|charity")),
    (PayerClass.COMMERCIAL, re.compile(
        r"blue|bcbs|anthem|aetna|cigna|united|uhc|humana|kaiser|medical mutual|ppo|hmo|epo|commercial|oscar|ambetter|health\s?plan|insurance"
    )),
)  # fmt: skip
# By these a column of payers is known whatever it is called: words that mean nothing else, and names of insurers.
PLAIN_PAYERS = frozenset(_words(
    "commercial, comm, ppo, hmo, epo, mcr, mcare, mcd, mcaid, medi-cal, ma plan, self pay, self-pay, selfpay, private pay, "
    "private insurance, managed care, uninsured, no insurance, wc, w/c, work comp, workers comp, workers' comp, "
    "workers compensation, workers' compensation, motor vehicle, mva"
))  # fmt: skip
PAYER_NAME = re.compile(
    r"\bmedicare\b|\bmedicaid\b|\bmcr\b|\bmcd\b|\bbcbs|\bblue ?(?:cross|shield|card)|\baetna\b|\bcigna\b|\buhc\b|\bunited ?health"
    r"|\bhumana\b|\banthem\b|\bkaiser\b|\btricare\b|\bchampva\b|\bmolina\b|\bcaresource\b|\bambetter\b|\bwellcare\b|\bcentene\b"
    r"|\bamerigroup\b|\bhealth ?net\b|\bmedical mutual\b|\b[hep][mp]o\b|\bself.?pay\b|\bwork(?:er|man|men)'?s?'? comp"
)
# Who treats patients may bear the name of who pays.
NO_PLAN = re.compile(
    r"\b(?:clinics?|hospitals?|cent(?:er|re)|physicians?|practice|associates|pharmacy|surgery|family|m\.?d|d\.?o|n\.?p)\b"
)
